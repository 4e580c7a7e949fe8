import { expect, test } from 'bun:test';
import { Metrics } from './metrics.ts';

test('counters add up by their labels, and label values are escaped', () => {
  const metrics = new Metrics();
  const calls = metrics.counter('calls_total', 'Calls.\nAll of them.', ['provider', 'status']);
  calls.add(1, 'openai', '2xx');
  calls.add(2, 'openai', '2xx');
  calls.add(1, 'a"b\\c\nd', '5xx');
  metrics.counter('plain_total', 'Without labels.');
  expect(metrics.text()).toBe(
    [
      '# HELP calls_total Calls.\\nAll of them.',
      '# TYPE calls_total counter',
      'calls_total{provider="openai",status="2xx"} 3',
      'calls_total{provider="a\\"b\\\\c\\nd",status="5xx"} 1',
      '# HELP plain_total Without labels.',
      '# TYPE plain_total counter',
      'plain_total 0',
      '',
    ].join('\n'),
  );
});

test('money is shown to the last unit, however much it is', () => {
  const metrics = new Metrics();
  const cost = metrics.exactCounter('cost_total', 'Cost.', { labels: ['model'], scale: 12 });
  cost.series('a').n += 1n;
  cost.series('a').n += 10n ** 20n;
  cost.series('b').n += 5n * 10n ** 11n;
  const lines = metrics.text().split('\n');
  expect(lines).toContain('cost_total{model="a"} 100000000.000000000001');
  expect(lines).toContain('cost_total{model="b"} 0.500000000000');
});

test('histogram buckets are cumulative and include their bound', () => {
  const metrics = new Metrics();
  const wait = metrics.histogram('wait_seconds', 'Waiting.', { labels: ['who'], bounds: [0.1, 1] });
  for (const value of [0.05, 0.1, 0.5, 7]) wait.series('x').observe(value);
  expect(metrics.text().split('\n').slice(2, -1)).toEqual([
    'wait_seconds_bucket{who="x",le="0.1"} 2',
    'wait_seconds_bucket{who="x",le="1"} 3',
    'wait_seconds_bucket{who="x",le="+Inf"} 4',
    'wait_seconds_sum{who="x"} 7.65',
    'wait_seconds_count{who="x"} 4',
  ]);
});

test('beyond a thousand combinations everything is counted under "other"', () => {
  const metrics = new Metrics();
  const calls = metrics.counter('calls_total', 'Calls.', ['model', 'kind']);
  for (let i = 0; i < 5000; i++) calls.add(1, `model-${i}`, 'input');
  const lines = metrics.text().trimEnd().split('\n').slice(2);
  expect(lines).toHaveLength(1001);
  expect(lines.at(-1)).toBe('calls_total{model="other",kind="other"} 4000');
});

test('values that live elsewhere are read when somebody asks', () => {
  const metrics = new Metrics();
  let rows = 1;
  metrics.read('gauge', 'queued_rows', { help: 'Waiting.', values: () => rows });
  metrics.read('counter', 'dropped_total', { help: 'Lost.', values: () => [{ labels: { what: 'row' }, value: 2 }] });
  rows = 7;
  expect(metrics.text()).toContain('# TYPE queued_rows gauge\nqueued_rows 7\n');
  expect(metrics.text()).toContain('# TYPE dropped_total counter\ndropped_total{what="row"} 2\n');
});
