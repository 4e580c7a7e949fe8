import { type Client, type ClientOptions, createClient, type HeadgateError } from '@headgate/client';
import { type Command, Option } from 'commander';

/** Where a server is and who asks: the same options on every command that talks to one. */
export interface Connection {
  url: string;
  token?: string;
  account: string;
}

export function addConnectionOptions(command: Command): void {
  command
    .optionsGroup('Connection:')
    .addOption(new Option('--url <url>', 'the server').env('HEADGATE_URL').default('http://127.0.0.1:8787'))
    .addOption(new Option('--token <token>', 'an access token').env('HEADGATE_TOKEN'))
    .addOption(new Option('--account <id>', 'account id').env('HEADGATE_ACCOUNT_ID').default('local'));
}

export function connect({ url, token, account }: Connection, options: Partial<ClientOptions> = {}): Client {
  return createClient({ baseUrl: url, account, ...(token === undefined ? {} : { token }), ...options });
}

/** What went wrong in one line, each problem with the field or option that it is about. */
export function explain(error: HeadgateError): string {
  const problems = error.errors.map(({ message, path = [] }) => {
    const field = fieldName(path);
    return field === '' ? message : `${field}: ${message}`;
  });
  const text = problems.length === 0 ? error.message : problems.join('; ');
  const hint = HINTS[error.status ?? error.kind];
  return (hint === undefined ? text : `${text} (${hint})`).replaceAll(/\s*\n\s*/g, ' ');
}

const HINTS: Record<string | number, string> = {
  401: 'is --token or HEADGATE_TOKEN right?',
  network: 'does the server run at --url?',
};

/** The first element says whether it was in the body, the query or the path. */
function fieldName([origin, ...path]: readonly (string | number)[]): string {
  if (origin !== 'query' || typeof path[0] !== 'string') return path.join('.');
  const [name, ...inner] = path;
  const option = name === 'filters' ? '--filter' : optionName(name);
  return [option, ...inner].join('.');
}

/** `order_by` is given as `--order-by`. */
export function optionName(parameter: string): string {
  return `--${parameter.replaceAll('_', '-')}`;
}
