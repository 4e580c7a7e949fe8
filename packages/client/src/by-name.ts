import type { EndpointName } from '@headgate/contract';
import type { AnyCall, Client } from './client.ts';
import type { CallOptions } from './methods.ts';
import type { Input } from './request.ts';

export interface NamedCall {
  input: Input;
  options?: CallOptions;
  /** Resolve with a `SafeResult`, as the functions below `client.safe` do. */
  safe?: true;
}

/**
 * Calls an endpoint whose name and input are known only at run time, as a command line's are. The server validates the
 * body; what comes back is what the typed function of that name gives.
 */
export function callByName(
  client: Client,
  operation: EndpointName,
  { input, options, safe }: NamedCall,
): Promise<unknown> {
  const [group = '', name = ''] = operation.split('.');
  const groups = (safe ? client.safe : client) as unknown as Record<string, Record<string, AnyCall | undefined>>;
  const call = groups[group]?.[name];
  if (call === undefined) throw new TypeError(`${operation}: there is no such operation`);
  return call(input, options);
}
