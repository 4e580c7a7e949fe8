import type { LogStatistics } from '../log-ports.ts';
import type { NumberName } from './chunk.ts';
import type { Sink } from './scan.ts';

const MEASURES = ['cost', 'duration', 'tokensIn', 'tokensOut', 'tokens'] as const satisfies NumberName[];

interface Range {
  min: number;
  max: number;
}

/** Collects the smallest and largest values of all matches. */
export class Statistics {
  readonly #ranges = MEASURES.map((): Range => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }));

  readonly sink: Sink = ({ chunk, mask, count }) => {
    MEASURES.forEach((name, n) => {
      const range = this.#ranges[n];
      if (range === undefined) return;
      const zone = chunk.zone(name);
      if (zone !== null && (count === chunk.rows || isWithin(zone, range))) {
        widen(range, zone.min);
        widen(range, zone.max);
        return;
      }
      const values = chunk.numbers(name);
      for (let i = 0; i < mask.length; i++) {
        const value = values[i] ?? Number.NaN;
        // A comparison with NaN, for missing, is false.
        if (mask[i] === 1 && value < range.min) range.min = value;
        if (mask[i] === 1 && value > range.max) range.max = value;
      }
    });
  };

  result(): LogStatistics {
    const [cost, duration, tokensIn, tokensOut, total] = this.#ranges;
    const pico = (value: number | null) => (value === null ? null : BigInt(value));
    return {
      minCostPico: pico(known(cost?.min)),
      maxCostPico: pico(known(cost?.max)),
      minDurationMs: known(duration?.min),
      maxDurationMs: known(duration?.max),
      minTokensIn: known(tokensIn?.min),
      maxTokensIn: known(tokensIn?.max),
      minTokensOut: known(tokensOut?.min),
      maxTokensOut: known(tokensOut?.max),
      minTotalTokens: known(total?.min),
      maxTotalTokens: known(total?.max),
    };
  }
}

/** Nothing in the zone could widen the range. */
function isWithin(zone: { min: number | null; max: number | null }, range: Range): boolean {
  return (zone.min ?? range.min) >= range.min && (zone.max ?? range.max) <= range.max;
}

function widen(range: Range, value: number | null): void {
  if (value === null) return;
  range.min = Math.min(range.min, value);
  range.max = Math.max(range.max, value);
}

function known(value = Number.NaN): number | null {
  return Number.isFinite(value) ? value : null;
}
