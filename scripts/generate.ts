/**
 * Writes the generated files (`--check`: compares them and fails on a difference).
 *   bun scripts/generate.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { headersPage, openApiDocument } from '@headgate/contract';
import manifest from '../package.json' with { type: 'json' };

const FILES: Record<string, () => string> = {
  'docs/openapi.json': () => `${JSON.stringify(openApiDocument(manifest.version), null, 2)}\n`,
  'docs/headers.md': headersPage,
};

const check = process.argv.includes('--check');
let stale = 0;
for (const [file, make] of Object.entries(FILES)) {
  const text = make();
  if (!check) {
    writeFileSync(file, text);
    continue;
  }
  if (readOr(file, '') !== text) {
    console.error(`${file} is out of date: run "npm run generate"`);
    stale += 1;
  }
}
process.exit(stale === 0 ? 0 : 1);

function readOr(file: string, fallback: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}
