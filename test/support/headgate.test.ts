import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayBody } from './builders.ts';
import { startHeadgate } from './headgate.ts';

test('the server answers on its origin, stops in good order and leaves no directory', async () => {
  const headgate = await startHeadgate();
  expect((await fetch(`${headgate.origin}/healthz`)).status).toBe(200);
  const created = await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('made-by-test'));
  expect(await created.json()).toMatchObject({ success: true, result: { id: 'made-by-test' } });
  expect(headgate.output()).toContain(`listening on ${headgate.origin}`);
  expect(await headgate.stop()).toBe(0);
  expect(existsSync(headgate.dataDir)).toBe(false);
});

test('a killed server can be started again on its directory', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  const first = await startHeadgate({ dataDir });
  await first.api('POST', 'ai-gateway/gateways', gatewayBody('kept'));
  expect(await first.stop('SIGKILL')).toBeNull();
  const second = await startHeadgate({ dataDir });
  expect((await second.api('GET', 'ai-gateway/gateways/kept')).status).toBe(200);
  await second.stop();
  await rm(dataDir, { recursive: true });
});

test('a server that does not start is an error with what it printed', async () => {
  const started = startHeadgate({ env: { HEADGATE_PORT: 'ninety' } });
  await expect(started).rejects.toThrow('HEADGATE_PORT');
});
