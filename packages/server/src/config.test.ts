import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readConfig, SETTING_NAMES } from './config.ts';

const directory = mkdtempSync(join(tmpdir(), 'headgate-config-'));
function file(content: string): string {
  const path = join(directory, `${Bun.hash(content)}.json`);
  writeFileSync(path, content);
  return path;
}

test('defaults hold when nothing is set', () => {
  const config = readConfig({});
  expect([config.host, config.port, config.accountId, config.logDurability]).toEqual([
    '127.0.0.1',
    8787,
    'local',
    'relaxed',
  ]);
  expect(config.dataDir.endsWith('/data')).toBe(true);
});

test('the environment wins over the file, the file over the default', () => {
  const HEADGATE_CONFIG = file('{"port": 1, "host": "0.0.0.0", "corsOrigins": ["https://a", "https://b"]}');
  const config = readConfig({ HEADGATE_CONFIG, HEADGATE_PORT: '2' });
  expect([config.port, config.host, config.corsOrigins]).toEqual([2, '0.0.0.0', ['https://a', 'https://b']]);
});

describe('a malformed setting is refused by name, in one line', () => {
  test.each([
    ['HEADGATE_PORT', 'eighty'],
    ['HEADGATE_PORT', '70000'],
    ['HEADGATE_ACCOUNT_ID', 'a/b'],
    ['HEADGATE_ADMIN_TOKEN', 'short'],
    ['HEADGATE_ADMIN_TOKEN', 'with spaces in it'],
    ['HEADGATE_MASTER_KEY', 'bm90IDMyIGJ5dGVz'],
    ['HEADGATE_LOG_DURABILITY', 'always'],
    ['HEADGATE_MAX_BODY_BYTES', '-1'],
    ['HEADGATE_PUBLIC_URL', 'ftp://x'],
    ['HEADGATE_PROVIDER_BASE_URLS', '{'],
    ['HEADGATE_PROVIDER_BASE_URLS', '["a"]'],
    ['HEADGATE_PROVIDER_BASE_URLS', '{"openai": "not a url"}'],
    ['HEADGATE_PROVIDER_BASE_URLS', '{"openai": "http://{other}"}'],
  ])('%s=%s', (name, value) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(new RegExp(`^${name}: [^\\n]+$`));
    if (name === 'HEADGATE_ADMIN_TOKEN') expect(read).not.toThrow(value);
  });

  test.each([
    ['{"prot": 1}', 'prot'],
    ['{', 'not valid JSON'],
    ['[]', 'JSON object'],
  ])('file %s', (content, message) => {
    expect(() => readConfig({ HEADGATE_CONFIG: file(content) })).toThrow(message);
  });

  test('a file that was named must exist', () => {
    expect(() => readConfig({ HEADGATE_CONFIG: join(directory, 'missing.json') })).toThrow('ENOENT');
  });
});

test('base URLs may hold variables and lose their trailing slash', () => {
  const text = '{"azure-openai": "http://127.0.0.1:9/{resource}/{deployment}/", "openai": "https://mirror/v1"}';
  const urls = readConfig({ HEADGATE_PROVIDER_BASE_URLS: text }).providerBaseUrls;
  expect(urls.get('azure-openai')).toBe('http://127.0.0.1:9/{resource}/{deployment}');
  expect(urls.get('openai')).toBe('https://mirror/v1');
});

test('an unknown name in the environment is reported, not fatal', () => {
  const lines: string[] = [];
  readConfig({ HEADGATE_PROT: '1' }, (line) => lines.push(line));
  expect(lines).toEqual(['HEADGATE_PROT: there is no such setting']);
});

test('secrets do not print', () => {
  const config = readConfig({ HEADGATE_ADMIN_TOKEN: 'canary-token-123' });
  expect(JSON.stringify(config) + Bun.inspect(config)).not.toContain('canary-token-123');
  expect(config.adminToken?.reveal()).toBe('canary-token-123');
});

test('docs/config.md lists exactly the settings there are', () => {
  const page = readFileSync(join(import.meta.dir, '../../../docs/config.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(HEADGATE_[A-Z_]+)`/gm)].map((match) => match[1] ?? '');
  expect(listed.sort()).toEqual([...SETTING_NAMES].sort());
});
