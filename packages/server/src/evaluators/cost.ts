import type { Evaluator } from './evaluator.ts';

const PICO = 1_000_000_000_000n;

/** Average cost in dollars, to the pico-dollar, of the logs whose cost is known. */
export function costEvaluator(): Evaluator {
  let sum = 0n;
  let count = 0;
  return {
    add: ({ costPico }) => {
      if (costPico === null) return;
      sum += costPico;
      count++;
    },
    outcome: () => ({
      result: count === 0 ? '' : dollars((sum + BigInt(count) / 2n) / BigInt(count)),
      totalLogs: count,
    }),
  };
}

function dollars(pico: bigint): string {
  const places = (pico % PICO).toString().padStart(12, '0').replace(/0+$/, '');
  return places === '' ? `${pico / PICO}` : `${pico / PICO}.${places}`;
}
