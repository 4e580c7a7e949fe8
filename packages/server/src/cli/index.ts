/**
 * The `headgate` command. Each command is a file; this one holds the list and turns errors into one line and exit 1.
 */
import { HeadgateError } from '@headgate/client';
import { Command } from 'commander';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { MigrationError } from '../stores/sql/index.ts';
import { VERSION } from '../version.ts';
import { explain } from './connection.ts';
import { doctor } from './doctor.ts';
import { addResourceCommands } from './resource-commands.ts';
import { addRotateCommand } from './rotate-keys.ts';
import { serve } from './serve.ts';
import { createToken, listTokens, revokeToken } from './token.ts';

/** Runs the command in `args` (without interpreter and script). */
export async function runCli(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], { from: 'user' });
  } catch (error) {
    const line = explained(error);
    console.error(line === null ? error : `headgate: ${line}`);
    process.exit(1);
  }
}

/** One line for what people can mend; null, for the whole stack, where it is ours to mend. */
function explained(error: unknown): string | null {
  if (error instanceof HeadgateError) return explain(error);
  return error instanceof ConfigError || error instanceof MigrationError ? error.message : null;
}

function program(): Command {
  const headgate = new Command('headgate')
    .description('A self-hosted AI gateway, wire-compatible with Cloudflare AI Gateway')
    .version(VERSION)
    .showHelpAfterError('(try: headgate --help)');
  headgate
    .command('serve', { isDefault: true })
    .description('run the gateway')
    .action(() => serve(configuration()));
  headgate
    .command('doctor')
    .description('check the configuration, the stores, the clock; with --reach the providers, too')
    .option('--reach [slugs]', 'also connect to these providers (comma list, default all)')
    .action(async (options: { reach?: string | true }) => {
      process.exitCode = await doctor(options.reach);
    });
  const token = headgate.command('token').description('manage access tokens');
  token
    .command('create')
    .description('make a token and print its value, once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--permissions <list>', 'comma list of read, edit, run, metadata-read', 'run')
    .option('--gateways <ids>', 'restrict it to these gateways (comma list)')
    .option('--expires <time>', 'ISO 8601 time after which it is refused')
    .action((options: Parameters<typeof createToken>[1]) => createToken(configuration(), options));
  token
    .command('list')
    .description('list the tokens')
    .action(() => listTokens(configuration()));
  token
    .command('revoke')
    .argument('<id>', 'id as shown by "token list"')
    .description('delete a token: it is refused from then on')
    .action((id: string) => revokeToken(configuration(), id));
  addResourceCommands(headgate);
  addRotateCommand(headgate, configuration);
  return headgate;
}

function configuration(): Config {
  return readConfig(undefined, (line) => console.error(`headgate: warning: ${line}`));
}
