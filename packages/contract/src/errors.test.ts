import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, gatewayErrorBody, Refusal } from './errors.ts';

test('docs/errors.md lists exactly the errors there are', () => {
  const page = readFileSync(join(import.meta.dir, '../../../docs/errors.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (\d+) \| (\d+) \| (\w+) \|/gm)].map(
    ([, status, code, face]) => `${status} ${code} ${face}`,
  );
  const table = Object.values(ERRORS).map((row) => `${row.status} ${row.code} ${row.face}`);
  expect([...new Set(listed)].sort()).toEqual([...new Set(table)].sort());
});

test('the gateway error body has every key that some client reads', () => {
  expect(gatewayErrorBody(new Refusal('unauthorized'))).toEqual({
    success: false,
    result: [],
    messages: [],
    error: [{ code: 2009, message: 'Unauthorized' }],
    name: 'AiGatewayError',
    httpCode: 401,
    internalCode: 2009,
    message: 'Unauthorized',
    description: 'Unauthorized',
  });
});
