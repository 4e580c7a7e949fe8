/**
 * The addresses of the Workers AI binding: as the management API and the universal endpoint, but without the account, and
 * with an object where the API gives a URL as text. Authentication is that of the address behind.
 */
export interface BindingDeps {
  /** The account that a binding belongs to. */
  readonly accountId: string;
  readonly api: (request: Request) => Promise<Response>;
  readonly gateway: (request: Request) => Promise<Response>;
}

export const BINDING_PREFIX = '/ai-gateway/';
const URL_OF = /^\/ai-gateway\/gateways\/[^/]+\/url\/[^/]+\/?$/;
const UNIVERSAL = /^\/ai-gateway\/universal\/run\/([^/]+)\/?$/;

export async function bindingFace(request: Request, path: string, deps: BindingDeps): Promise<Response> {
  const at = request.url.indexOf(path);
  const [origin, rest] = [request.url.slice(0, at), request.url.slice(at + path.length)];
  const universal = UNIVERSAL.exec(path);
  if (universal !== null) {
    return deps.gateway(new Request(`${origin}/v1/${deps.accountId}/${universal[1]}${rest}`, request));
  }
  const answer = await deps.api(new Request(`${origin}/client/v4/accounts/${deps.accountId}${path}${rest}`, request));
  return URL_OF.test(path) && answer.ok ? withUrlObject(answer) : answer;
}

async function withUrlObject(answer: Response): Promise<Response> {
  const body = (await answer.json()) as { result: unknown };
  return Response.json({ ...body, result: { url: body.result } }, { status: answer.status });
}
