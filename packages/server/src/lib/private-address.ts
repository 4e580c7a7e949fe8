import { BlockList, isIP } from 'node:net';

/** Address ranges that are not on the public Internet (IANA special-purpose registries). */
const PRIVATE: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

const privateRanges = blockList(PRIVATE);

/**
 * Whether the host of a URL is, as written, a private, loopback, link-local or otherwise special address, or a name that
 * always means this machine. Says nothing about other names: what they resolve to is known when connecting.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = bare(hostname);
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const family = isIP(host);
  if (family === 0) return false;
  return privateRanges.check(mappedIpv4(host) ?? host, family === 4 || mappedIpv4(host) !== null ? 'ipv4' : 'ipv6');
}

/** A test whether a host is on a list of host names, addresses and CIDR ranges. */
export function hostMatcher(list: readonly string[]): (hostname: string) => boolean {
  const names = new Set(list.map(bare));
  const ranges = blockList(
    list.flatMap((entry) => {
      const [address = '', bits] = entry.split('/');
      return bits !== undefined && isIP(bare(address)) !== 0 ? [[bare(address), Number(bits)] as const] : [];
    }),
  );
  return (hostname) => {
    const host = bare(hostname);
    const address = mappedIpv4(host) ?? host;
    if (names.has(host) || names.has(address)) return true;
    const family = isIP(address);
    return family !== 0 && ranges.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function blockList(ranges: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of ranges) list.addSubnet(address, bits, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  return list;
}

/** Without the brackets of an IPv6 address in a URL and the final dot of an absolute name. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** The IPv4 address inside `::ffff:7f00:1`, the form to which the URL parser brings `::ffff:127.0.0.1`; else null. */
function mappedIpv4(host: string): string | null {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return null;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
