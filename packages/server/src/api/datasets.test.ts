import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logRecord } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/log-ports.ts';

let fixture: ApiFixture;
let gatewayKey: string;
beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
});

const params = { gateway_id: 'g' };
const filter = (key: string, operator: string, ...value: unknown[]) => ({ key, operator, value });
const dataset = (body: Record<string, unknown> = {}) =>
  fixture.call('datasets.create', { params, body: { name: 'd', enable: true, filters: [], ...body } });

describe('datasets', () => {
  test('are made, fetched, replaced and deleted', async () => {
    const filters = [filter('provider', 'eq', 'openai'), filter('cost', 'gt', 0.5), filter('success', 'eq', true)];
    const made = (await dataset({ filters })).result;
    expect(made).toMatchObject({ name: 'd', enable: true, filters, gateway_id: 'g', account_id: 'acme' });
    const one = { params: { ...params, id: made.id } };
    expect((await fixture.call('datasets.get', one)).result).toEqual(made);
    fixture.clock.advance(1);
    const body = { name: 'e', enable: false, filters: [] };
    const changed = (await fixture.call('datasets.update', { ...one, body })).result;
    expect(changed).toEqual({ ...made, ...body, modified_at: '2030-01-01T00:00:00.001Z' });
    expect((await fixture.call('datasets.delete', one)).result).toEqual(changed);
    expect((await fixture.call('datasets.get', one)).status).toBe(404);
  });

  test('a list is narrowed by enable and name, and searched by id, name and filters', async () => {
    const { id } = (await dataset({ name: 'First' })).result;
    await dataset({ name: 'second', enable: false, filters: [filter('model', 'contains', 'Claude')] });
    const list = async (query: string) =>
      (await fixture.call('datasets.list', { params, query })).result.map((one: { name: string }) => one.name).join();
    expect(await list('')).toBe('First,second');
    expect(await list('?enable=false')).toBe('second');
    expect(await list('?name=First')).toBe('First');
    expect(await list('?search=claude')).toBe('second');
    expect(await list(`?search=${id}`)).toBe('First');
    expect(await list('?page=2&per_page=1')).toBe('second');
  });

  const REFUSED: [string, Record<string, unknown>, (string | number)[]][] = [
    ['no name', { name: '' }, ['name']],
    ['enable as text', { enable: 'true' }, ['enable']],
    ['no filters', { filters: undefined }, ['filters']],
    ['an unknown key', { filters: [filter('status_code', 'eq', 1)] }, ['filters', 0, 'key']],
    ['neq', { filters: [filter('model', 'neq', 'x')] }, ['filters', 0, 'operator']],
    ['no value', { filters: [filter('model', 'eq')] }, ['filters', 0, 'value']],
    ['null', { filters: [filter('feedback', 'eq', null)] }, ['filters', 0, 'value', 0]],
    ['a text for a number', { filters: [filter('cost', 'gt', 'much')] }, ['filters', 0, 'value', 0]],
    ['contains on a number', { filters: [filter('cost', 'contains', 1)] }, ['filters', 0, 'operator']],
  ];
  for (const [name, body, path] of REFUSED) {
    test(`refuses ${name}`, async () => {
      const reply = await dataset(body);
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['body', ...path]]);
    });
  }
});

describe('evaluations', () => {
  const log = (n: number, fields: Partial<LogRecord>) =>
    fixture.logs.append(
      logRecord({ gatewayKey, accountId: 'acme', createdAtMs: fixture.clock.nowMs() - n, ...fields }),
      null,
      null,
    );
  const evaluate = async (dataset_ids: string[], evaluation_type_ids = ['cost', 'speed', 'performance']) => {
    const body = { name: 'run', dataset_ids, evaluation_type_ids };
    const { result } = await fixture.call('evaluations.create', { params, body });
    await fixture.evaluations.idle();
    return (await fixture.call('evaluations.get', { params: { ...params, id: result.id } })).result;
  };
  const resultsOf = (shown: { results: { evaluation_type_id: string; result: string; total_logs: number }[] }) =>
    shown.results.map((one) => [one.evaluation_type_id, one.result, one.total_logs]);

  test('look at the logs of a dataset; a log that lacks what is measured does not count', async () => {
    await log(1, { provider: 'openai', costPico: 1_000_000_000_000n, durationMs: 100, feedback: 1 });
    await log(2, { provider: 'openai', costPico: 2_000_000_000_001n, durationMs: 201, feedback: -1 });
    await log(3, { provider: 'openai', costPico: null, durationMs: 300, feedback: 1 });
    await log(4, { provider: 'groq', costPico: 5n, durationMs: 9999, feedback: -1 });
    const { id } = (await dataset({ filters: [filter('provider', 'eq', 'openai')] })).result;
    const shown = await evaluate([id]);
    expect(shown).toMatchObject({ name: 'run', gateway_id: 'g', processed: true, total_logs: 3, datasets: [{ id }] });
    expect(resultsOf(shown)).toEqual([
      ['cost', '1.500000000001', 2],
      ['speed', '200.333', 3],
      ['performance', '66.67', 3],
    ]);
    expect(shown.results[0]).toMatchObject({ evaluation_id: shown.id, status: 1, status_description: 'done' });
  });

  test('a log in two datasets counts once; one made later does not count', async () => {
    await log(1, { provider: 'openai', cached: true });
    await log(2, { provider: 'groq', cached: true });
    await log(-1, { provider: 'groq', cached: true });
    const first = (await dataset({ filters: [filter('cached', 'eq', true)] })).result;
    const second = (await dataset({ filters: [filter('provider', 'eq', 'groq')] })).result;
    expect((await evaluate([first.id, second.id], ['speed'])).total_logs).toBe(2);
  });

  test('more logs than one page holds, and none', async () => {
    for (let n = 0; n < 1001; n++) await log(n, { durationMs: n });
    const all = (await dataset()).result;
    expect(resultsOf(await evaluate([all.id], ['speed']))).toEqual([['speed', '500', 1001]]);
    const none = (await dataset({ filters: [filter('provider', 'eq', 'nobody')] })).result;
    expect(resultsOf(await evaluate([none.id]))).toEqual([
      ['cost', '', 0],
      ['speed', '', 0],
      ['performance', '', 0],
    ]);
  });

  test('keep the datasets as they were', async () => {
    const { id } = (await dataset({ name: 'before' })).result;
    const shown = await evaluate([id]);
    await fixture.call('datasets.delete', { params: { ...params, id } });
    const again = await fixture.call('evaluations.get', { params: { ...params, id: shown.id } });
    expect(again.result.datasets).toMatchObject([{ id, name: 'before' }]);
  });

  test('one that fails says so and is reported', async () => {
    const { id } = (await dataset()).result;
    fixture.logs.list = () => Promise.reject(new Error('unreadable'));
    const shown = await evaluate([id], ['cost']);
    expect(shown).toMatchObject({
      processed: true,
      results: [{ status: 2, status_description: 'failed', result: '' }],
    });
    expect(fixture.reported).toHaveLength(1);
  });

  test('a list is narrowed by name and processed, and searched; deleted ones are gone', async () => {
    const { id } = (await dataset()).result;
    const shown = await evaluate([id]);
    const list = async (query: string) => (await fixture.call('evaluations.list', { params, query })).result;
    expect(await list('')).toEqual([shown]);
    expect(await list('?processed=true&name=run&search=RU')).toEqual([shown]);
    expect(await list('?processed=false')).toEqual([]);
    expect(await list('?name=ru')).toEqual([]);
    expect((await fixture.call('evaluations.delete', { params: { ...params, id: shown.id } })).result).toEqual(shown);
    expect(await list('')).toEqual([]);
  });

  test('unknown datasets and types are refused by their place', async () => {
    const { id } = (await dataset()).result;
    const create = async (body: object) =>
      (
        await fixture.call('evaluations.create', {
          params,
          body: { name: 'x', dataset_ids: [id], evaluation_type_ids: ['cost'], ...body },
        })
      ).body.errors[0]?.path;
    expect(await create({ dataset_ids: [id, 'nope'] })).toEqual(['body', 'dataset_ids', 1]);
    expect(await create({ dataset_ids: [] })).toEqual(['body', 'dataset_ids']);
    expect(await create({ evaluation_type_ids: ['cost', 'taste'] })).toEqual(['body', 'evaluation_type_ids', 1]);
    expect(await create({ name: '' })).toEqual(['body', 'name']);
  });

  test('parameters are stored and shown; those of types not chosen are left out', async () => {
    const { id } = (await dataset()).result;
    const made = await fixture.call('evaluations.create', {
      params,
      body: {
        name: 'x',
        dataset_ids: [id],
        evaluation_type_ids: ['contains', 'cost'],
        parameters: { contains: { text: 'Paris', more: 1 }, exact_match: { text: 'x' }, other: 1 },
      },
    });
    expect(made.result.parameters).toEqual({ contains: { text: 'Paris', ignore_case: false } });
    const again = await fixture.call('evaluations.get', { params: { ...params, id: made.result.id } });
    expect(again.result.parameters).toEqual(made.result.parameters);
  });

  const REFUSED_PARAMETERS: [string, string, unknown, string[]][] = [
    ['none at all', 'contains', undefined, ['contains']],
    ['those of another type', 'exact_match', { contains: { text: 'a' } }, ['exact_match']],
    ['an empty text', 'contains', { contains: { text: '' } }, ['contains', 'text']],
    ['no pattern', 'regex', { regex: {} }, ['regex', 'pattern']],
    ['a pattern that is too long', 'regex', { regex: { pattern: 'a'.repeat(1001) } }, ['regex', 'pattern']],
    ['a broken pattern', 'regex', { regex: { pattern: '(' } }, ['regex', 'pattern']],
    ['a pattern that could hang', 'regex', { regex: { pattern: '(a+)\\1+$' } }, ['regex', 'pattern']],
    ['a pattern that is too large', 'regex', { regex: { pattern: '(?:[ab]?){900}' } }, ['regex', 'pattern']],
    ['a flag that is none', 'regex', { regex: { pattern: 'a', ignore_case: 'i' } }, ['regex', 'ignore_case']],
  ];
  test.each(REFUSED_PARAMETERS)('parameters are refused by their place: %s', async (_, type, parameters, path) => {
    const { id } = (await dataset()).result;
    const body = { name: 'x', dataset_ids: [id], evaluation_type_ids: [type], parameters };
    const reply = await fixture.call('evaluations.create', { params, body });
    expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.path]).toEqual([
      400,
      7001,
      ['body', 'parameters', ...path],
    ]);
  });

  test('the types are listed, in an order', async () => {
    const types = async (query: string) =>
      (await fixture.call('evaluationTypes.list', { query })).result.map((type: { id: string }) => type.id).join();
    expect(await types('')).toBe(
      'cost,speed,performance,success_rate,cached_share,latency_p95,tokens_per_answer,exact_match,contains,json_validity,regex',
    );
    expect(await types('?order_by=name&order_by_direction=desc&per_page=3')).toBe(
      'tokens_per_answer,success_rate,speed',
    );
    expect(await types('?order_by=id&per_page=4&page=3')).toBe('speed,success_rate,tokens_per_answer');
    expect(await types('?page=2')).toBe('');
  });
});
