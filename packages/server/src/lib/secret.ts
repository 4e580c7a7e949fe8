const openers = new WeakMap<Secret, string>();

/** A value that must not be printed. It shows `[secret]` everywhere and opens only by `reveal()`. */
export class Secret {
  constructor(value: string) {
    openers.set(this, value);
  }
  reveal(): string {
    return openers.get(this) ?? '';
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** SHA-256 of a token as lower-case hex: what is stored and looked up. Tokens are long random strings, so no salt. */
export function hashToken(token: string): string {
  return new Bun.CryptoHasher('sha256').update(token).digest('hex');
}
