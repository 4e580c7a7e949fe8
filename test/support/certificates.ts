/** Certificates for tests of TLS, made when they are needed: no key lies in the repository, and none expires. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  cert: string;
  /** PEM. */
  key: string;
}

interface Issuer extends Certificate {
  name: string;
}

/** An authority of its own. */
export function makeAuthority(name = 'Test Authority'): Issuer {
  return { ...issue({ subject: name, hosts: [], authority: true }, null), name };
}

/** A certificate for these host names, signed by `issuer`, else by itself. Valid from 2020 to 2120. */
export function makeCertificate(hosts: string[], issuer: Issuer | null = null): Certificate {
  return issue({ subject: hosts[0] ?? 'nobody', hosts, authority: false }, issuer);
}

interface Wanted {
  subject: string;
  hosts: string[];
  authority: boolean;
}

function issue({ subject, hosts, authority }: Wanted, issuer: Issuer | null): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const content = sequence(
    tagged(0xa0, integer(2)),
    integer(Math.floor(Math.random() * 0x7f_ff_ff_ff)),
    ECDSA_SHA256,
    nameOf(issuer?.name ?? subject),
    sequence(tagged(0x17, Buffer.from('200101000000Z')), tagged(0x18, Buffer.from('21200101000000Z'))),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(hosts, authority))),
  );
  const signature = sign('sha256', content, issuer === null ? (privateKey as KeyObject) : issuer.key);
  const certificate = sequence(content, ECDSA_SHA256, bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return { cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`, key };
}

function extensions(hosts: string[], authority: boolean): Buffer[] {
  const basic = sequence(
    oid(0x55, 0x1d, 0x13),
    octets(sequence(...(authority ? [tagged(0x01, Buffer.of(0xff))] : []))),
  );
  if (hosts.length === 0) return [basic];
  const names = hosts.map((host) => tagged(0x82, Buffer.from(host)));
  return [basic, sequence(oid(0x55, 0x1d, 0x11), octets(sequence(...names)))];
}

/** Common name alone. */
function nameOf(text: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(text)))));
}

// What follows writes DER (ITU-T X.690): a tag, a length, the content.
function tagged(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}

const sequence = (...content: Buffer[]) => tagged(0x30, ...content);
const oid = (...bytes: number[]) => tagged(0x06, Buffer.from(bytes));
const octets = (content: Buffer) => tagged(0x04, content);
const bitString = (content: Buffer) => tagged(0x03, Buffer.of(0), content);

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  const first = bytes.findIndex((byte) => byte !== 0);
  const from = first < 0 ? 4 : (bytes[first] ?? 0) >= 0x80 ? first - 1 : first;
  return tagged(0x02, bytes.subarray(from));
}

const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
