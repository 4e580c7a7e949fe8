import { compose, type Runtime } from '../compose.ts';
import type { Config } from '../config.ts';
import { VERSION } from '../version.ts';

const SAME_SIGNAL_MS = 1000;

/** Runs until SIGTERM or SIGINT, then drains and exits 0; a second signal exits at once. */
export async function serve(config: Config): Promise<void> {
  const runtime = await compose(config);
  console.log(greeting(runtime, config));
  let stoppingSinceMs: number | null = null;
  const stop = (signal: string) => {
    const nowMs = performance.now();
    if (stoppingSinceMs !== null) {
      // A terminal signals the whole group and npm hands it on: one Ctrl-C may come twice.
      if (nowMs - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    stoppingSinceMs = nowMs;
    console.error(`headgate: ${signal}: finishing running calls, at most ${config.drainMs / 1000} s`);
    runtime.shutdown().then(
      (inTime) => {
        if (!inTime) console.error('headgate: some calls were cut off');
        process.exit(0);
      },
      (error: unknown) => {
        console.error(`headgate: while stopping: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

function greeting(runtime: Runtime, config: Config): string {
  const { origin, newAdminToken } = runtime;
  const token = newAdminToken ?? (config.adminToken === null ? '$HEADGATE_TOKEN' : '$HEADGATE_ADMIN_TOKEN');
  const tokenLine =
    newAdminToken === null
      ? 'admin token     as made on the first start ("headgate token create" makes another)'
      : `admin token     ${newAdminToken}   (shown this once: keep it)`;
  return [
    `headgate ${VERSION}`,
    `listening on ${origin}`,
    `management API  ${origin}/client/v4/accounts/${config.accountId}/ai-gateway`,
    `account id      ${config.accountId}`,
    config.adminToken === null ? tokenLine : 'admin token     from HEADGATE_ADMIN_TOKEN',
    'try it:',
    `  curl ${origin}/v1/${config.accountId}/default/sandbox/v1/chat/completions \\`,
    `    -H "cf-aig-authorization: Bearer ${token}" -H "content-type: application/json" \\`,
    `    -d '{"model": "echo", "messages": [{"role": "user", "content": "Hello, Headgate!"}]}'`,
  ].join('\n');
}
