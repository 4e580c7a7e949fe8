import { afterAll, describe, expect, test } from 'bun:test';
import { differences, openWall, type WallRow } from './wall.ts';

const wall = await openWall();
afterAll(() => wall.close());

describe('the wall of upstream faults', () => {
  test.each(wall.rows.map((row): [string, WallRow] => [row.fault, row]))('%s', async (_fault, row) => {
    const { client, upstream, log } = row;
    const seen = await row.play();
    // Shown side by side when they differ.
    if (Object.keys(differences(row, seen)).length > 0) expect(seen).toEqual({ client, upstream, log });
    expect(differences(row, seen)).toEqual({});
  });

  test('no fault is there twice', () => {
    expect(new Set(wall.rows.map(({ fault }) => fault)).size).toBe(wall.rows.length);
  });

  test('the comparison sees a difference in each part', () => {
    const row = { client: '200 as sent', upstream: '1 request', log: 'success 200' };
    expect(differences(row, { ...row, client: '200 as sent, then broken' })).toEqual({
      client: '200 as sent, then broken',
    });
    expect(differences(row, { ...row, upstream: '2 requests' })).toEqual({ upstream: '2 requests' });
    expect(differences(row, { ...row, log: '' })).toEqual({ log: '' });
    expect(differences({ ...row, log: 'success…' }, row)).toEqual({});
    expect(differences({ ...row, log: 'truncated…' }, row)).toEqual({ log: 'success 200' });
    expect(differences({ ...row, client: 'broken' }, row)).toEqual({ client: '200 as sent' });
  });
});
