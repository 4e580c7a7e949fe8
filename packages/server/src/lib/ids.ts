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
    const hex = (n: number, width: number) => n.toString(16).padStart(width, '0');
    let tail = '';
    for (let i = 10; i < 16; i++) tail += hex(bytes[i] ?? 0, 2);
    const variant = hex(((((bytes[8] ?? 0) << 8) | (bytes[9] ?? 0)) & 0x3fff) | 0x8000, 4);
    return `${hex(hi, 8)}-${hex(lo, 4)}-7${hex(counter, 3)}-${variant}-${tail}`;
  };
}
