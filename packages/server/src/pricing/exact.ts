/** Exact amounts as fractions of whole numbers: prices have more decimals than floating-point numbers keep. */

/** `top / bottom`, not negative; `bottom` is at least 1. A rate is an amount of pico-dollars (10⁻¹² USD) for one unit. */
export interface Exact {
  readonly top: bigint;
  readonly bottom: bigint;
}

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Digits left and right of the point beyond which a number is no price; it bounds what a header can make us compute. */
const MAX_DIGITS = 200;

const PICO_PER_DOLLAR = 10n ** 12n;

/** Reads a decimal number that is not negative, `0.000001` or `1e-6`, digit by digit. Null for everything else. */
export function parseExact(text: string): Exact | null {
  const [, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const scale = fraction.length - Number(exponent);
  if (whole === '' || whole.length + Math.abs(scale) > MAX_DIGITS || fraction.length > MAX_DIGITS) return null;
  const digits = BigInt(whole + fraction);
  return scale <= 0
    ? { top: digits * 10n ** BigInt(-scale), bottom: 1n }
    : { top: digits, bottom: 10n ** BigInt(scale) };
}

/** The number that JSON text would show, exactly. Counters are whole; seconds may not be. Nothing below zero is billed. */
export function exactNumber(value: number): Exact {
  if (Number.isSafeInteger(value)) return { top: BigInt(Math.max(0, value)), bottom: 1n };
  return parseExact(String(value)) ?? { top: 0n, bottom: 1n };
}

/** Reads `123` or `n/d`, as the price list writes rates. @throws Error on other text. */
export function parseRate(text: string | number): Exact {
  const [, top, bottom = '1'] = /^(\d+)(?:\/([1-9]\d*))?$/.exec(String(text)) ?? [];
  if (top === undefined) throw new Error(`not a rate: ${text}`);
  return { top: BigInt(top), bottom: BigInt(bottom) };
}

/** The same amount as a plain decimal, `1e-6` as `0.000001`; null for what is no amount. */
export function plainDecimal(text: string): string | null {
  const amount = parseExact(text);
  return amount === null ? null : formatExact(amount);
}

/** Reads back what `formatExact` wrote. @throws Error on other text. */
export function parsePico(text: string): Exact {
  const decimal = parseExact(text);
  return decimal ?? parseRate(text);
}

/** A rate from its price in US dollars for `per` units: `dollarRate('2.50', 1_000_000)`. Null where it is no such number. */
export function dollarRate(dollars: string | number, per = 1): Exact | null {
  const amount = parseExact(String(dollars));
  return amount === null ? null : lowestTerms(amount.top * PICO_PER_DOLLAR, amount.bottom * BigInt(per));
}

/** Dollars as whole pico-dollars, half up. Null for what is no amount: negative, not finite, not a number. */
export function dollarsToPico(dollars: string | number): bigint | null {
  const amount = dollarRate(dollars);
  return amount === null ? null : roundHalfUp(amount.top, amount.bottom);
}

/** Pico-dollars for so many units: exact where that is a whole number, else rounded half up. */
export function charge(rate: Exact, units: number): bigint {
  const { top, bottom } = exactNumber(units);
  return roundHalfUp(rate.top * top, rate.bottom * bottom);
}

function roundHalfUp(top: bigint, bottom: bigint): bigint {
  return bottom === 1n ? top : (2n * top + bottom) / (2n * bottom);
}

/** The exact decimal number, or `n/d` where it has no end. */
export function formatExact(value: Exact): string {
  if (value.bottom === 1n) return String(value.top);
  const { top, bottom } = lowestTerms(value.top, value.bottom);
  if (bottom === 1n) return String(top);
  const places = Math.max(powersOf(2n, bottom), powersOf(5n, bottom));
  const scale = 10n ** BigInt(places);
  if (scale % bottom !== 0n) return `${top}/${bottom}`;
  const digits = String((top * scale) / bottom).padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** A rate as US dollars for one unit: the exact decimal number, or `n/d` where that has no end. */
export function dollarText({ top, bottom }: Exact): string {
  return formatExact({ top, bottom: bottom * PICO_PER_DOLLAR });
}

function powersOf(prime: bigint, value: bigint): number {
  let count = 0;
  for (let rest = value; rest % prime === 0n; rest /= prime) count += 1;
  return count;
}

function lowestTerms(top: bigint, bottom: bigint): Exact {
  let [a, b] = [top, bottom];
  while (b !== 0n) [a, b] = [b, a % b];
  return { top: top / a, bottom: bottom / a };
}
