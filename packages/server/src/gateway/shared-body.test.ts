import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type Answer,
  begun,
  KIB,
  MIB,
  scene,
  settled,
  type Upstream,
} from '../../../../test/support/shared-answers.ts';
import type { BodyEnd } from './call.ts';
import { CaptureBudget } from './capture.ts';
import type { AnswerReader } from './shared-answer.ts';

describe('a body that is not kept', () => {
  const piece = () => new Uint8Array(400 * KIB);

  test.each([
    ['its length says that it is over the limit', { limitBytes: MIB }, String(MIB + 1), 0],
    ['it grows over the limit', { limitBytes: 500 * KIB }, null, 2],
    ['the budget is used up', { budget: new CaptureBudget(500 * KIB) }, null, 2],
  ])('because %s, takes no new readers and is not stored', async (_, options, length, readBefore) => {
    const stage = scene(options);
    const headers = new Headers(length === null ? {} : { 'content-length': length });
    const [leader, second] = [stage.call(async () => ({ headers })), stage.call()];
    const [first, other] = await Promise.all([leader.reader, second.reader]);
    stage.opened[0]?.push(piece(), piece(), piece()).end();
    for (let i = 0; i < readBefore; i++) {
      expect(stage.inFlight.size).toBe(1);
      await first.next();
    }
    expect(stage.inFlight.size).toBe(0);
    stage.call();
    expect(stage.opened).toHaveLength(2);
    const sizes = await Promise.all([readSize(first), readSize(other)]);
    expect(sizes).toEqual([(3 - readBefore) * 400 * KIB, 1200 * KIB]);
    expect(stage.stored).toEqual([]);
    expect(stage.budget.usedBytes).toBe(0);
  });

  test('exactly of the limit is still kept', async () => {
    const stage = scene({ limitBytes: 800 * KIB });
    const { upstream, leader } = await begun(stage);
    upstream.push(piece(), piece()).end();
    await readSize(leader);
    expect(stage.stored).toHaveLength(1);
  });

  test('as long as it is kept, a reader that stalls holds up nobody', async () => {
    const stage = scene();
    const { upstream, leader } = await begun(stage);
    const stalled = await stage.call().reader;
    upstream.push(...Array.from({ length: 20 }, piece)).end();
    expect(await readSize(leader)).toBe(20 * 400 * KIB);
    expect(await readSize(stalled)).toBe(20 * 400 * KIB);
  });

  test.each(['reads on', 'leaves'])(
    'runs at most a window ahead of the slowest reader, until that one %s',
    async (then) => {
      const stage = scene({ limitBytes: 0 });
      const { upstream, leader } = await begun(stage);
      // Both wait before the first piece, which is over the limit.
      const slow = await stage.call().reader;
      upstream.push(...Array.from({ length: 10 }, piece)).end();
      for (let i = 0; i < 3; i++) expect(await leader.next()).toBeInstanceOf(Uint8Array);
      let more: Uint8Array | BodyEnd | null = null;
      const waiting = leader.next().then((next) => {
        more = next;
      });
      await settled();
      // 1,200 KiB are ahead of the slow reader.
      expect([more, upstream.taken]).toEqual([null, 3]);
      if (then === 'leaves') slow.leave();
      else expect(await slow.next()).toBeInstanceOf(Uint8Array);
      await waiting;
      expect(more).toBeInstanceOf(Uint8Array);
      const sizes = [readSize(leader), ...(then === 'leaves' ? [] : [readSize(slow)])];
      expect(await Promise.all(sizes)).toEqual([6 * 400 * KIB, 9 * 400 * KIB].slice(0, sizes.length));
    },
  );

  async function readSize(reader: AnswerReader<Answer>): Promise<number> {
    let size = 0;
    for (;;) {
      const next = await reader.next();
      if (!(next instanceof Uint8Array)) return size;
      size += next.byteLength;
    }
  }
});

test('in any order of pieces, reads, joins and leaves every reader that stays sees exactly the whole sequence', async () => {
  interface Caller {
    reader: AnswerReader<Answer> | null;
    leave(): void;
    upstream: Upstream | null;
    seen: number[];
    end: BodyEnd | null;
    reading: boolean;
    left: boolean;
  }
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push'), n: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('read'), n: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('join'), n: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('leave'), n: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('end'), n: fc.nat(3) }) },
  );
  const limits = fc.record({
    limitBytes: fc.constantFrom(0, 8, 1000),
    windowBytes: fc.constantFrom(1, 5),
    budget: fc.constantFrom(10, 1000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), limits, async (steps, { budget: budgetBytes, ...bounds }) => {
      const budget = new CaptureBudget(budgetBytes);
      const stage = scene({ ...bounds, budget });
      const ended = new Map<Upstream, BodyEnd>();
      const callers: Caller[] = [];
      const join = async () => {
        const { reader, leave } = stage.call();
        const caller: Caller = {
          reader: null,
          leave,
          upstream: null,
          seen: [],
          end: null,
          reading: false,
          left: false,
        };
        callers.push(caller);
        caller.reader = await reader;
        caller.upstream = caller.reader.answer.upstream;
      };
      const read = (caller: Caller) => {
        if (caller.reader === null || caller.reading || caller.left) return;
        caller.reading = true;
        void caller.reader.next().then((next) => {
          caller.reading = false;
          if (next instanceof Uint8Array) caller.seen.push(...next);
          else caller.end = next;
        });
      };
      let value = 0;
      await join();
      for (const { do: action, n } of steps) {
        const caller = callers[n % callers.length];
        const upstream = stage.opened.at(-1);
        if (caller === undefined || upstream === undefined) throw new Error('there is always one');
        if (action === 'join') await join();
        else if (action === 'read') read(caller);
        else if (action === 'leave') {
          caller.leave();
          caller.left = true;
        } else if (!ended.has(upstream)) {
          if (action === 'push') upstream.push(Uint8Array.from({ length: n }, () => value++ & 0xff));
          else {
            ended.set(upstream, n === 0 ? 'truncated' : 'done');
            upstream.end(n === 0 ? new Error('broke') : undefined);
          }
        }
        await settled();
        for (const { seen, upstream: source } of callers) expect(source?.sent.slice(0, seen.length)).toEqual(seen);
      }
      for (const upstream of stage.opened) if (!ended.has(upstream)) ended.set(upstream.end(), 'done');
      for (let open = callers; open.length > 0; open = callers.filter(({ left, end }) => !left && end === null)) {
        for (const caller of open) read(caller);
        await settled();
      }
      for (const { left, seen, end, upstream } of callers) {
        if (left || upstream === null) continue;
        expect(seen).toEqual(upstream.sent);
        expect(end).toBe(ended.get(upstream) ?? null);
        expect(upstream.aborted).toBe(0);
      }
      expect(budget.usedBytes).toBe(0);
      expect(stage.inFlight.size).toBe(0);
      for (const body of stage.stored) {
        expect(body.length).toBeLessThanOrEqual(bounds.limitBytes);
        expect(stage.opened.map(({ sent }) => sent)).toContainEqual(body);
      }
    }),
    { numRuns: 400 },
  );
});
