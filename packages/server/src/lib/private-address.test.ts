import { expect, test } from 'bun:test';
import { hostMatcher, isPrivateHost } from './private-address.ts';

const hostOf = (host: string) => new URL(`https://${host}/`).hostname;

test.each([
  ...['localhost', 'LOCALHOST.', 'app.localhost', '127.0.0.1', '127.1', '2130706433', '0x7f.1', '0.0.0.0', '10.1.2.3'],
  ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1'],
  ...['255.255.255.255', '[::]', '[::1]', '[fc00::1]', '[fd12::1]', '[fe80::1]', '[ff02::1]', '[::ffff:127.0.0.1]'],
  ...['[::ffff:10.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'],
])('%s is private', (host) => expect(isPrivateHost(hostOf(host))).toBe(true));

test.each([
  ...['example.com', 'localhost.example.com', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '[2606:4700::1]'],
  ...['[::ffff:8.8.8.8]', '11.0.0.1'],
])('%s is not', (host) => expect(isPrivateHost(hostOf(host))).toBe(false));

test('a list matches names, addresses and ranges', () => {
  const matches = hostMatcher(['mock.internal', '127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
  for (const host of ['mock.internal', 'MOCK.internal.', '127.0.0.1', '10.9.9.9', '[fd12::1]', '[::ffff:10.0.0.1]']) {
    expect([host, matches(hostOf(host))]).toEqual([host, true]);
  }
  for (const host of ['internal', '127.0.0.2', '11.0.0.1', '[fe80::1]']) {
    expect([host, matches(hostOf(host))]).toEqual([host, false]);
  }
});
