import { endpoints } from '@headgate/contract';
import type { Command } from 'commander';
import { ConfigError } from '../config.ts';
import { systemClock } from '../lib/index.ts';
import { addConnectionOptions, connect, type Connection } from './connection.ts';
import { tableLine } from './print.ts';
import { addQueryOptions, queryInput, readFilter } from './query-options.ts';
import { addRepriceCommand } from './reprice.ts';
import { LOG_COLUMNS } from './resources.ts';
import { type LogRows, tail } from './tail.ts';

type Filters = NonNullable<Parameters<LogRows>[0]['filters']>;
interface TailOptions extends Connection {
  gateway: string;
  filter?: string[];
  lines: string;
  interval: string;
  json?: true;
}

/** The commands over logs that are more than one call. */
export function addLogCommands(logs: Command): void {
  const follow = logs
    .command('tail')
    .description('print the newest rows, then each new one as it comes')
    .option('--gateway <id>', 'gateway', 'default')
    .option(
      '--filter <condition>',
      'as for list; may be given several times',
      (text: string, before: string[] = []) => [...before, text],
    )
    .option('-n, --lines <number>', 'rows to begin with', '10')
    .option('--interval <seconds>', 'time between looks', '1')
    .option('--json', 'print one JSON object a line')
    .action((options: TailOptions) => followLogs(options));
  addConnectionOptions(follow);

  addRepriceCommand(logs);

  const remove = logs
    .command('delete')
    .description('delete rows: those named, those that match, or all')
    .argument('[ids...]', 'ids of rows')
    .option('--all', 'delete every row')
    .option('--gateway <id>', 'gateway', 'default');
  addQueryOptions(remove, endpoints['logs.delete']);
  addConnectionOptions(remove);
  remove.action((ids: string[], options: DeleteOptions) => deleteLogs(ids, options));
}

async function followLogs(options: TailOptions): Promise<void> {
  const lines = Math.floor(number('--lines', options.lines, [0, 1000]));
  const intervalMs = 1000 * number('--interval', options.interval, [0.1, 3600]);
  // A restart of the server is no reason to stop looking.
  const client = connect(options, { retries: 8 });
  const filters = (options.filter ?? []).map(readFilter) as Filters;
  if (options.json !== true) console.log(tableLine(null, LOG_COLUMNS, TAIL_WIDTHS));
  await tail({
    list: (query) =>
      client.logs.list({ ...query, gateway_id: options.gateway, filters: [...filters, ...(query.filters ?? [])] }),
    print: (row) => console.log(options.json === true ? JSON.stringify(row) : tableLine(row, LOG_COLUMNS, TAIL_WIDTHS)),
    wait: () => new Promise<void>((resolve) => systemClock.after(intervalMs, resolve)),
    lines,
  });
}

/** Of `LOG_COLUMNS`, for rows that are not known yet. */
const TAIL_WIDTHS = [24, 12, 24, 11, 9, 8, 9, 10, 12, 36];

function number(option: string, text: string, [min, max]: [number, number]): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new ConfigError(`${option}: expected a number from ${min} to ${max}, got "${text}"`);
}

type DeleteOptions = Connection & Record<string, unknown> & { gateway: string; all?: true };

async function deleteLogs(ids: string[], options: DeleteOptions): Promise<void> {
  const query = queryInput(endpoints['logs.delete'], options) as Parameters<LogRows>[0];
  const named: Filters = ids.length === 0 ? [] : [{ key: 'id', operator: 'eq', value: ids }];
  const filters = [...(query.filters ?? []), ...named];
  const chosen = filters.length > 0 || Boolean(query.search) || 'limit' in options;
  if (chosen === (options.all === true)) {
    throw new ConfigError('logs delete: give ids, --filter, --search or --limit; or --all alone');
  }
  await connect(options).logs.delete({ ...query, gateway_id: options.gateway, filters });
  console.log('deleted');
}
