import type { Repricing } from '@headgate/contract';
import type { Command } from 'commander';
import { ConfigError } from '../config.ts';
import { systemClock } from '../lib/index.ts';
import { addConnectionOptions, connect, type Connection } from './connection.ts';
import { printJson, tableLine } from './print.ts';

interface RepriceOptions extends Connection {
  gateway: string;
  since: string;
  until?: string;
  dryRun?: true;
  json?: true;
}

const LOOK_MS = 500;

/** `headgate logs reprice`: starts it in the server, waits for its end, prints the report. */
export function addRepriceCommand(logs: Command): void {
  const command = logs
    .command('reprice')
    .description('work out anew what past calls cost, after prices were corrected')
    .requiredOption('--since <time>', 'calls from then on, e.g. 2026-11-01 or 2026-11-01T12:00:00Z')
    .option('--until <time>', 'calls before then (default: now)')
    .option('--gateway <id>', 'gateway', 'default')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--json', 'print JSON')
    .action((options: RepriceOptions) => reprice(options));
  addConnectionOptions(command);
}

async function reprice(options: RepriceOptions): Promise<void> {
  const client = connect(options, { retries: 8 });
  const { gateway: gateway_id } = options;
  const body = {
    since: timeOf('--since', options.since),
    ...(options.until === undefined ? {} : { until: timeOf('--until', options.until) }),
    dry_run: options.dryRun === true,
  };
  let job = await client.logs.reprice({ gateway_id, body });
  while (job.state === 'running') {
    await new Promise<void>((resolve) => systemClock.after(LOOK_MS, resolve));
    job = await client.logs.repricing({ gateway_id, id: job.id });
    if (process.stderr.isTTY) process.stderr.write(`\r${job.total.rows} of ${job.of ?? '?'} rows`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  if (options.json === true) printJson(job);
  else for (const line of report(job)) console.log(line);
  if (job.state === 'failed') throw new ConfigError(`logs reprice: failed: ${job.error ?? 'unknown'}`);
  if (job.state === 'interrupted') {
    throw new ConfigError('logs reprice: interrupted, since the server stopped; run it again to do the rest');
  }
}

const COLUMNS = ['provider', 'model', 'rows', 'changed', 'unknown_before', 'unknown_after', 'difference'];
const WIDTHS = [18, 40, 9, 9, 14, 13, 16];

/** The lines of a report: the sum, then the models of which rows changed. */
export function report({ dry_run, total, models }: Repricing): string[] {
  const shown = (one: Repricing['models'][number]) => ({ ...one, difference: dollars(one.difference) });
  const changed = models.filter((one) => one.changed > 0).map(shown);
  return [
    `${total.rows} rows seen, ${total.changed} ${dry_run ? 'would change' : 'changed'}, ${dollars(total.difference)} in all`,
    `cost not known: ${total.unknown_before} before, ${total.unknown_after} after`,
    ...(changed.length === 0 ? [] : [tableLine(null, COLUMNS, WIDTHS)]),
    ...changed.map((one) => tableLine(one, COLUMNS, WIDTHS)),
  ];
}

function dollars(amount: number): string {
  const digits = Math.abs(amount)
    .toFixed(12)
    .replace(/(\.\d\d\d*?)0+$/, '$1');
  return `${amount < 0 ? '-' : '+'}$${digits}`;
}

function timeOf(option: string, text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new ConfigError(`${option}: expected a date or an ISO 8601 time, got "${text}"`);
  return new Date(ms).toISOString();
}
