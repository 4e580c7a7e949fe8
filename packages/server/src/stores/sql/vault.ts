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

/**
 * AES-256-GCM with a data key per record, which the master key wraps: version, wrapped data key, ciphertext; each of the
 * two as nonce, tag, bytes; all in base64. `masterKey` must be 32 bytes.
 */
export function createVault(masterKey: Uint8Array): Vault {
  if (masterKey.byteLength !== KEY_BYTES) throw new RangeError(`The master key must be ${KEY_BYTES} bytes`);
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
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes[0] !== VERSION) throw new Error('Sealed text of an unknown version');
      const split = 1 + IV_BYTES + TAG_BYTES + KEY_BYTES;
      const dataKey = decrypt(bytes.subarray(1, split), masterKey, context);
      return decrypt(bytes.subarray(split), dataKey, context).toString();
    },
  };
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
