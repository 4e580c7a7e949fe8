import { describe, expect, test } from 'bun:test';
import { Fields } from './fields.ts';

describe('header fields', () => {
  test('are read off Headers, lists joined, cookies apart', () => {
    const headers = new Headers([
      ['X-A', '1'],
      ['x-a', '2'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2'],
    ]);
    const fields = Fields.of(headers);
    expect(fields.record).toEqual({ 'x-a': '1, 2' });
    expect(fields.cookies).toEqual(['a=1; Path=/', 'b=2']);
    expect([fields.get('set-cookie'), fields.has('set-cookie')]).toEqual([null, false]);
    expect(Fields.of(new Headers({ a: '' })).has('a')).toBe(true);
  });

  test('a copy changes by itself', () => {
    const fields = new Fields({ a: '1', b: '2' });
    const copy = fields.copy();
    copy.set('a', '3');
    copy.delete('b');
    expect([fields.record, copy.record]).toEqual([{ a: '1', b: '2' }, { a: '3' }]);
  });
});
