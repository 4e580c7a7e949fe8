import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';

const FILE = join(import.meta.dir, '../../docs/openapi.json');

test('the committed OpenAPI document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(await Bun.file(FILE).json());
  expect(errors).toBeUndefined();
  expect([valid, validator.version]).toEqual([true, '3.1']);
});

test('the validator refuses what is not', async () => {
  const document = await Bun.file(FILE).json();
  delete document.info.title;
  document.paths['/user/tokens/verify'].get.responses = [];
  expect((await new Validator().validate(document)).valid).toBe(false);
});
