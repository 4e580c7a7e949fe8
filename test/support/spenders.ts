/** What can become of a call that costs money, and what it costs then. */
import type { RawConnection } from './raw-http.ts';
import { answer, chunk, delta, SSE_HEAD } from './scripted.ts';

export const BEHAVIOURS = [
  'answers',
  'streams',
  'streamsWithoutUsage',
  'cutOff',
  'fails',
  'resets',
  'failsOnce',
  'left',
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface Spender {
  readonly behaviour: Behaviour;
  /** Tokens asked for at most, and what the provider says it made. */
  readonly reserved: number;
  readonly actual: number;
}

const usageOf = (tokens: number) => `{"prompt_tokens":1,"completion_tokens":${tokens},"total_tokens":${tokens + 1}}`;
const END = `${chunk('data: [DONE]\n\n')}0\r\n\r\n`;

/** The provider's part in the call's `nth` try. */
export async function behave({ behaviour, actual }: Spender, nth: number, connection: RawConnection): Promise<void> {
  const whole = answer(200, `{"model":"m","choices":[],"usage":${usageOf(actual)}}`);
  const usage = chunk(`data: {"model":"m","choices":[],"usage":${usageOf(actual)}}\n\n`);
  switch (behaviour) {
    case 'answers':
      return connection.write(whole);
    case 'streams':
      return connection.write(SSE_HEAD + chunk(delta('a')) + usage + END);
    case 'streamsWithoutUsage':
      return connection.write(SSE_HEAD + chunk(delta('a')) + END);
    case 'cutOff':
      await connection.write(SSE_HEAD + chunk(delta('a')));
      return connection.end();
    case 'fails':
      return connection.write(answer(500));
    case 'resets':
      return connection.reset();
    case 'failsOnce':
      return connection.write(nth === 1 ? answer(503) : whole);
    case 'left':
      await connection.write(SSE_HEAD + chunk(delta('a')));
      return connection.closed;
    default:
      return behaviour satisfies never;
  }
}

/**
 * Least and most that a budget counts for the call after so many tries. Where the provider told no usage it is the one token
 * that was relayed; of a connection that breaks right behind it, the runtime may lose that one.
 */
export function spentBy(
  { behaviour, actual }: Omit<Spender, 'reserved'>,
  tries: number,
): [least: number, most: number] {
  if (tries === 0) return [0, 0];
  switch (behaviour) {
    case 'answers':
    case 'streams':
      return [actual, actual];
    case 'failsOnce':
      return tries === 1 ? [0, 0] : [actual, actual];
    case 'cutOff':
      return [0, 1];
    case 'streamsWithoutUsage':
    case 'left':
      return [1, 1];
    case 'fails':
    case 'resets':
      return [0, 0];
    default:
      return behaviour satisfies never;
  }
}
