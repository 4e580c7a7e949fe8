import { errorEnvelope, gatewayErrorBody, type Refusal } from '@headgate/contract';

/** The two error bodies, one encoder per face. */
export function gatewayError(refusal: Refusal): Response {
  return Response.json(gatewayErrorBody(refusal), { status: refusal.row.status, headers: refusal.headers });
}

export function managementError(refusal: Refusal): Response {
  return Response.json(errorEnvelope(refusal), { status: refusal.row.status, headers: refusal.headers });
}
