/**
 * UUIDv7 (RFC 9562) in lower case: 48 bits of milliseconds, then a counter that keeps ids made in one millisecond in
 * order, then random bits. Ids sort by creation, which the log engine relies on to find a row's segment.
 */
export type IdSource = (nowMs: number) => string;

export function uuidV7Source(random: (bytes: Uint8Array) => Uint8Array = (b) => crypto.getRandomValues(b)): IdSource {
  const bytes = new Uint8Array(16);
  let lastMs = -1;
  let counter = 0;
  return (nowMs) => {
    random(bytes);
    // The clock may step back: keep the later time, so that ids never go backwards within a process.
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & 0x7ff;
    } else {
      counter = (counter + 1) & 0xfff;
      if (counter === 0) lastMs += 1;
    }
    const hi = Math.floor(lastMs / 0x10000);
    const lo = lastMs & 0xffff;
    // The top bits of these bytes say version and variant.
    bytes[6] = 0x70 | (counter >> 8);
    bytes[7] = counter & 0xff;
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    const hex = bytes.subarray(6).toHex();
    const time = hi.toString(16).padStart(8, '0');
    return `${time}-${lo.toString(16).padStart(4, '0')}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
  };
}
