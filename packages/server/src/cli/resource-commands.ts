import { callByName, type Client, type Page, type SafeResult } from '@headgate/client';
import { type Endpoint, endpoints } from '@headgate/contract';
import { Command } from 'commander';
import { ConfigError } from '../config.ts';
import { addBodyOptions, bodyInput, requiredFields } from './body-options.ts';
import { addConnectionOptions, connect, type Connection } from './connection.ts';
import { addLogCommands } from './log-commands.ts';
import { printJson, printPage, printRecord } from './print.ts';
import { addQueryOptions, queryInput } from './query-options.ts';
import { type Action, RESOURCES } from './resources.ts';

type Fields = Record<string, unknown>;
type Options = Connection & Fields & { gateway?: string; json?: true; set?: string[]; file?: string };

/** `headgate gateways list` and so on: one command per resource, made from the table and the endpoint records. */
export function addResourceCommands(program: Command): void {
  for (const { name, about, actions } of RESOURCES) {
    const resource = program.command(name).description(about);
    for (const action of actions) resource.addCommand(actionCommand(action));
    if (name === 'logs') addLogCommands(resource);
  }
}

function actionCommand(action: Action): Command {
  const endpoint: Endpoint = endpoints[action.operation];
  const command = new Command(action.name).description(action.about);
  for (const arg of action.args ?? []) command.argument(`<${arg}>`);
  if (endpoint.path.includes('{gateway_id}')) command.option('--gateway <id>', 'gateway', 'default');
  if (endpoint.reply !== 'bytes') command.option('--json', 'print JSON');
  addQueryOptions(command, endpoint);
  if (takesSettings(action)) addBodyOptions(command);
  addConnectionOptions(command);
  return command.action(() => run(action, command.args, command.opts<Options>()));
}

/** Whether the body has fields that no argument gives. */
function takesSettings({ operation, args = [] }: Action): boolean {
  const endpoint: Endpoint = endpoints[operation];
  if (endpoint.body === null) return false;
  const fields = Object.keys('shape' in endpoint.body ? (endpoint.body.shape as object) : {});
  return fields.length === 0 || fields.some((field) => inPath(endpoint, field) || !args.includes(field));
}

async function run(action: Action, args: readonly string[], options: Options): Promise<void> {
  const client = connect(options);
  const endpoint: Endpoint = endpoints[action.operation];
  const named = Object.entries(Object.fromEntries((action.args ?? []).map((name, at) => [name, args[at]])));
  const nameless = named.find(([, value]) => value === '');
  if (nameless !== undefined) throw new ConfigError(`${nameless[0]}: must not be empty`);
  const params: Fields = Object.fromEntries(named.filter(([name]) => inPath(endpoint, name)));
  if (inPath(endpoint, 'gateway_id')) params.gateway_id = options.gateway;
  const input: Fields = { ...params, ...queryInput(endpoint, options) };
  let ifMatch: string | null = null;
  if (endpoint.body !== null) {
    const fromArgs = Object.fromEntries(named.filter(([name]) => !inPath(endpoint, name)));
    const body = { ...(await bodyInput(endpoint, options)), ...fromArgs };
    if (Object.keys(body).length === 0) throw new ConfigError('--set: give at least one setting, or --file');
    const present = await presentState(client, action, params);
    ifMatch = present.etag;
    input.body = { ...present.fields, ...withDefaults(action, body) };
  }
  const value = await callByName(client, action.operation, { input, options: ifMatch === null ? {} : { ifMatch } });
  await print(action, value, options.json === true);
}

function inPath(endpoint: Endpoint, name: string): boolean {
  return endpoint.path.includes(`{${name}}`);
}

function withDefaults({ defaults }: Action, body: Fields): Fields {
  return defaults === undefined ? body : { ...defaults(body), ...body };
}

/** What an update must name although it does not change, and the version at which that was so. */
async function presentState(
  client: Client,
  { present, operation }: Action,
  input: Fields,
): Promise<{ fields: Fields; etag: string | null }> {
  if (present === undefined) return { fields: {}, etag: null };
  const result = (await callByName(client, present, { input, safe: true })) as SafeResult<Fields>;
  if (!result.ok) throw result.error;
  const fields = Object.fromEntries(requiredFields(endpoints[operation]).map((name) => [name, result.value[name]]));
  return { fields, etag: result.etag };
}

async function print({ name, columns, args }: Action, value: unknown, asJson: boolean): Promise<void> {
  if (value instanceof Response) {
    await Bun.write(Bun.stdout, value);
  } else if (columns !== undefined) {
    const page = value as Page<Fields>;
    if (asJson) printJson(page.items);
    else printPage(page, columns);
  } else if (asJson) printJson(value);
  else if (name === 'delete') console.log(`deleted ${String((value as Fields | null)?.id ?? args)}`);
  else printRecord(value as Fields);
}
