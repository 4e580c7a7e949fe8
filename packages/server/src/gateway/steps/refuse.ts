import { gatewayErrorBody, type Refusal } from '@headgate/contract';
import type { Trail } from '../call.ts';

/** The gateway's own error as an answer: always JSON, even when a stream was asked for. */
export function refuse(refusal: Refusal, trail: Trail): Response {
  trail.statusCode = refusal.row.status;
  // Unreachable providers and faults of our own are failures; the rest is a refusal.
  trail.end ??= refusal.row.code === 2005 || refusal.kind === 'internal' ? 'failed' : 'refused';
  trail.error ??= { code: refusal.row.code, message: refusal.message };
  trail.responseContentType = 'application/json';
  const body = new TextEncoder().encode(JSON.stringify(gatewayErrorBody(refusal)));
  trail.responseSize = body.byteLength;
  trail.responseBody = body;
  return new Response(body, {
    status: refusal.row.status,
    headers: { 'content-type': 'application/json', ...refusal.headers },
  });
}
