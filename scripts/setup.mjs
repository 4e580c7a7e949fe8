// Installs what is missing, and nothing when all is there: `npm start` and `npm test` begin with this.
// Plain Node, no dependencies: it runs on a machine that has only Node and npm.
//   node scripts/setup.mjs            what the server needs
//   node scripts/setup.mjs --dev      what the tests and checks need, too
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dev = process.argv.includes('--dev');
const marker = join(root, 'node_modules', '.headgate-installed');
const bun = join(root, 'node_modules', 'bun', 'bin', 'bun.exe');

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const [installed = '', scope = ''] = existsSync(marker) ? readFileSync(marker, 'utf8').split(' ') : [];

if (installed !== wanted || (dev && scope !== 'dev')) {
  console.error('headgate: installing packages (once) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...(dev ? [] : ['--omit=dev'])]);
  ensureBun();
  writeFileSync(marker, `${wanted} ${dev ? 'dev' : 'server'}`);
} else {
  ensureBun();
}

/** The `bun` package fetches its binary in an install script, which a careful npm may not have run. */
function ensureBun() {
  if (existsSync(bun) && statSync(bun).size > 1_000_000) return;
  run(process.execPath, [join(root, 'node_modules', 'bun', 'install.js')]);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error || status !== 0) {
    console.error(`headgate: "${command} ${args.join(' ')}" failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}
