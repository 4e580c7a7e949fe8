import { expect, test } from 'bun:test';
import { sample } from './sample.ts';

test.each<[string, unknown, unknown]>([
  ['no schema', undefined, 'sandbox'],
  ['a string', { type: 'string' }, 'sandbox'],
  ['a string with bounds', { type: 'string', minLength: 9, maxLength: 9 }, 'sandbox--'],
  ['a short string', { type: 'string', maxLength: 4 }, 'sand'],
  ['an enum', { type: 'string', enum: ['c', 'f'] }, 'c'],
  ['a constant', { const: 5 }, 5],
  ['a default', { type: 'integer', default: 0 }, 0],
  ['a number with a minimum', { type: 'number', minimum: 2.5 }, 2.5],
  ['a number above a bound', { type: 'integer', exclusiveMinimum: 2 }, 3],
  ['a number with a low maximum', { type: 'number', maximum: -1 }, -1],
  ['a nullable type', { type: ['integer', 'null'] }, 1],
  ['a union', { anyOf: [{ type: 'boolean' }, { type: 'null' }] }, true],
  ['null', { type: 'null' }, null],
  ['a list', { type: 'array', items: { type: 'integer' }, minItems: 2 }, [1, 1]],
  ['an object', { properties: { a: { type: 'integer' }, b: { type: 'string' } } }, { a: 1, b: 'sandbox' }],
  ['a local reference', { $ref: '#/$defs/x~1y', $defs: { 'x/y': { type: 'integer' } } }, 1],
  ['a reference to nothing', { $ref: '#/$defs/x' }, 'sandbox'],
])('%s', (_, schema, value) => {
  expect(sample(schema)).toEqual(value);
});

test('a schema that refers to itself comes to an end', () => {
  const once = { type: 'object', properties: { next: { $ref: '#' } } };
  expect(JSON.stringify(sample(once)).length).toBeLessThan(200);
  const wide = {
    type: 'object',
    properties: { a: { $ref: '#' }, b: { $ref: '#' }, c: { $ref: '#' } },
    required: ['a', 'b', 'c'],
  };
  expect(JSON.stringify(sample(wide)).length).toBeLessThan(20_000);
});
