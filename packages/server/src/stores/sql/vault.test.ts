import { expect, test } from 'bun:test';
import { createVault } from './vault.ts';

const key = (byte: number) => new Uint8Array(32).fill(byte);
const vault = createVault(key(1));

test('opens what it sealed, also empty and long text', () => {
  for (const text of ['', 'sk-1234', 'ü😀'.repeat(10_000)]) {
    expect(vault.open(vault.seal(text, 'token/1'), 'token/1')).toBe(text);
  }
});

test('seals the same text differently each time', () => {
  expect(vault.seal('a', 'x')).not.toBe(vault.seal('a', 'x'));
});

test('opens under no other context and no other key', () => {
  const sealed = vault.seal('secret', 'token/1');
  expect(() => vault.open(sealed, 'token/2')).toThrow();
  expect(() => createVault(key(2)).open(sealed, 'token/1')).toThrow();
});

test('refuses text of which any byte was changed', () => {
  const bytes = Buffer.from(vault.seal('secret', 'x'), 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => vault.open(changed.toString('base64'), 'x')).toThrow();
  }
});

test('takes a master key of 32 bytes only', () => {
  for (const size of [0, 16, 31, 33]) expect(() => createVault(new Uint8Array(size))).toThrow('32 bytes');
});
