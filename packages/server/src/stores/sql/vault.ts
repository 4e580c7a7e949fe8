import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Encrypts secrets at rest. */
export interface Vault {
  /** `context` names the record: sealed text opens only under the same one, so that it can't be moved to another. */
  seal(text: string, context: string): string;
  /** @throws when the master key or the context is another one, or the text was tampered with. */
  open(sealed: string, context: string): string;
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED_END = 1 + IV_BYTES + TAG_BYTES + KEY_BYTES;

/**
 * AES-256-GCM with a data key per record, which the master key wraps: version, wrapped data key, ciphertext; each of the
 * two as nonce, tag, bytes; all in base64. `masterKey` must be 32 bytes.
 */
export function createVault(masterKey: Uint8Array): Vault {
  checkLength(masterKey);
  return {
    seal(text, context) {
      const dataKey = randomBytes(KEY_BYTES);
      const parts = [
        Buffer.of(VERSION),
        encrypt(dataKey, masterKey, context),
        encrypt(Buffer.from(text), dataKey, context),
      ];
      return Buffer.concat(parts).toString('base64');
    },
    open(sealed, context) {
      const bytes = decode(sealed);
      const dataKey = decrypt(bytes.subarray(1, WRAPPED_END), masterKey, context);
      return decrypt(bytes.subarray(WRAPPED_END), dataKey, context).toString();
    },
  };
}

/**
 * Wraps the data key of sealed text with another master key; what it encrypts stays as it is. The returned function
 * throws as `open` does.
 */
export function rewrapper(from: Uint8Array, to: Uint8Array): (sealed: string, context: string) => string {
  checkLength(from);
  checkLength(to);
  return (sealed, context) => {
    const bytes = decode(sealed);
    const dataKey = decrypt(bytes.subarray(1, WRAPPED_END), from, context);
    return Buffer.concat([Buffer.of(VERSION), encrypt(dataKey, to, context), bytes.subarray(WRAPPED_END)]).toString(
      'base64',
    );
  };
}

function checkLength(masterKey: Uint8Array): void {
  if (masterKey.byteLength !== KEY_BYTES) throw new RangeError(`The master key must be ${KEY_BYTES} bytes`);
}

function decode(sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes[0] !== VERSION) throw new Error('Sealed text of an unknown version');
  return bytes;
}

function encrypt(plain: Uint8Array, key: Uint8Array, context: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

function decrypt(bytes: Buffer, key: Uint8Array, context: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}
