#!/usr/bin/env node
// The `headgate` command: runs the server's entry point with Bun.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const child = spawn(
  join(root, 'node_modules', 'bun', 'bin', 'bun.exe'),
  [join(root, 'packages', 'server', 'src', 'main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '16384', BUN_JSC_forceRAMSize: '536870912', ...process.env },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
