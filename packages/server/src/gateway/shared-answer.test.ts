import { describe, expect, test } from 'bun:test';
import {
  type Answer,
  begun,
  PROVIDERS_FAULT,
  readAll,
  scene,
  settled,
  Upstream,
} from '../../../../test/support/shared-answers.ts';
import { Leaving } from './leaving.ts';
import type { AnswerReader } from './shared-answer.ts';

describe('InFlight', () => {
  test('500 callers get the same bytes from one upstream request, stored once', async () => {
    const { call, opened, stored, inFlight, budget } = scene();
    const calls = Array.from({ length: 500 }, () => call());
    expect(opened).toHaveLength(1);
    const readers = await Promise.all(calls.map(({ reader }) => reader));
    opened[0]?.push(1, 2).push(Uint8Array.of(3, 4)).end();
    const results = await Promise.all(readers.map(readAll));
    for (const result of results) expect(result).toEqual({ bytes: [1, 2, 3, 4], end: 'done' });
    expect(readers.map(({ led }) => led)).toEqual([true, ...Array(499).fill(false)]);
    expect(new Set(readers.map(({ answer }) => answer)).size).toBe(1);
    expect(stored).toEqual([[1, 2, 3, 4]]);
    expect([opened.length, opened[0]?.aborted, inFlight.size, budget.usedBytes]).toEqual([1, 0, 0, 0]);
  });

  test('499 of 500 leave, before and after the head, reading and waiting: the last one gets everything', async () => {
    const { call, opened, stored, budget } = scene();
    const calls = Array.from({ length: 500 }, () => call());
    const gone = calls.slice(0, 250).map(({ reader, leave }) => {
      leave();
      return reader.then(
        () => 'joined',
        (error: Error) => error.message,
      );
    });
    expect(new Set(await Promise.all(gone))).toEqual(new Set(['the client left']));
    const readers = await Promise.all(calls.slice(250).map(({ reader }) => reader));
    opened[0]?.push(1);
    for (const reader of readers.slice(0, 100)) expect(await reader.next()).toEqual(Uint8Array.of(1));
    const pending = readers.slice(0, 50).map((reader) => reader.next());
    for (const reader of readers.slice(0, 200)) reader.leave();
    for (const { leave } of calls.slice(450, 499)) leave();
    expect(new Set(await Promise.all(pending))).toEqual(new Set(['cancelled']));
    opened[0]?.push(2).end();
    expect(await Promise.all(readers.slice(-1).map(readAll))).toEqual([{ bytes: [1, 2], end: 'done' }]);
    expect(stored).toEqual([[1, 2]]);
    expect([opened[0]?.aborted, budget.usedBytes]).toEqual([0, 0]);
  });

  test.each(['before the head', 'after it', 'while reading'])(
    'the leader leaves first, %s: the others go on',
    async (when) => {
      const { call, opened, stored } = scene();
      const leader = call();
      const others = [call(), call()];
      if (when === 'before the head') leader.leave();
      else {
        const reader = await leader.reader;
        const reading = when === 'while reading' ? reader.next() : null;
        leader.leave();
        expect(await reading).toBe(reading === null ? null : 'cancelled');
      }
      const readers = await Promise.all(others.map(({ reader }) => reader));
      opened[0]?.push(1, 2).end();
      for (const reader of readers) expect(await readAll(reader)).toEqual({ bytes: [1, 2], end: 'done' });
      expect(stored).toEqual([[1, 2]]);
      expect([opened.length, opened[0]?.aborted]).toEqual([1, 0]);
      await leader.reader.catch((error: Error) => expect(error.message).toBe('the client left'));
    },
  );

  test.each(['before the head', 'after it', 'after a part'])(
    'all leave %s: the upstream is aborted at once, and once',
    async (when) => {
      const { call, opened, stored, inFlight, budget } = scene();
      const calls = [call(), call(), call()];
      const readers = calls.map(({ reader }) => reader.catch(() => null));
      if (when !== 'before the head') {
        const [first] = await Promise.all(readers);
        if (when === 'after a part') {
          opened[0]?.push(1, 2);
          await first?.next();
        }
      }
      const [one, ...rest] = calls;
      for (const { leave } of rest) leave();
      expect(opened[0]?.aborted).toBe(0);
      one?.leave();
      expect([opened[0]?.aborted, inFlight.size]).toEqual([1, 0]);
      for (const { leave } of calls) leave();
      await settled();
      expect([opened[0]?.aborted, opened[0]?.cancelled, inFlight.size, budget.usedBytes]).toEqual([1, 1, 0, 0]);
      expect(stored).toEqual([]);
      // Whoever comes now starts anew.
      call();
      expect(opened).toHaveLength(2);
    },
  );

  test('who joins late gets what has come, then what comes', async () => {
    const stage = scene();
    const { upstream, leader } = await begun(stage);
    upstream.push(1, 2, 3);
    for (let i = 0; i < 3; i++) await leader.next();
    const late = await stage.call().reader;
    expect([await late.next(), await late.next()]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    const latest = await stage.call().reader;
    upstream.push(4).end();
    expect(await readAll(leader)).toEqual({ bytes: [4], end: 'done' });
    expect(await readAll(late)).toEqual({ bytes: [3, 4], end: 'done' });
    expect(await readAll(latest)).toEqual({ bytes: [1, 2, 3, 4], end: 'done' });
    expect(stage.opened).toHaveLength(1);
  });

  test('the upstream is read only as fast as the fastest reader', async () => {
    const stage = scene();
    const { upstream, leader } = await begun(stage);
    const second = await stage.call().reader;
    upstream.push(1, 2, 3, 4);
    await settled();
    expect(upstream.taken).toBe(0);
    await leader.next();
    await leader.next();
    await second.next();
    await settled();
    expect(upstream.taken).toBe(2);
  });

  test('when a body has ended it is stored first, and then callers lead anew, whoever still reads', async () => {
    const stage = scene();
    const { upstream, leader } = await begun(stage);
    const slow = await stage.call().reader;
    upstream.push(1).end();
    await readAll(leader);
    expect(stage.stored).toEqual([[1]]);
    expect(stage.inFlight.size).toBe(0);
    expect((await stage.call().reader).led).toBe(true);
    expect(stage.budget.usedBytes).toBe(1);
    expect(await readAll(slow)).toEqual({ bytes: [1], end: 'done' });
    expect(await slow.next()).toBe('done');
    expect(stage.budget.usedBytes).toBe(0);
  });

  test('a broken upstream breaks every reader after what came, is not stored, and takes no new readers', async () => {
    const stage = scene();
    const { upstream, leader } = await begun(stage);
    const slow = await stage.call().reader;
    const cause = new Error('reset');
    upstream.push(1, 2).end(cause);
    expect(await readAll(leader)).toEqual({ bytes: [1, 2], end: 'truncated' });
    expect(await readAll(slow)).toEqual({ bytes: [1, 2], end: 'truncated' });
    expect([leader.failure, slow.failure]).toEqual([cause, cause]);
    expect(stage.stored).toEqual([]);
    expect((await stage.call().reader).led).toBe(true);
    expect([upstream.aborted, stage.budget.usedBytes]).toEqual([0, 0]);
  });

  test('an answer without a body is complete at once', async () => {
    const { call, stored, inFlight } = scene();
    const reader = await call(async () => ({ status: 204, body: null })).reader;
    expect([stored, inFlight.size]).toEqual([[[]], 0]);
    expect(await readAll(reader)).toEqual({ bytes: [], end: 'done' });
    expect(stored).toEqual([[]]);
  });

  test('an answer that is not 2xx is shared by those who wait, and by no one later; it is not stored', async () => {
    const { call, opened, stored } = scene();
    const waiting = [call(async () => ({ status: 500 })), call()];
    const readers = await Promise.all(waiting.map(({ reader }) => reader));
    expect(readers.map(({ answer }) => answer.status)).toEqual([500, 500]);
    call();
    expect(opened).toHaveLength(2);
    opened[0]?.push(1, 2).end();
    for (const reader of readers) expect(await readAll(reader)).toEqual({ bytes: [1, 2], end: 'done' });
    expect(stored).toEqual([]);
  });

  test('a storing that fails is reported, and no reader notices', async () => {
    const { inFlight, reports } = scene();
    const upstream = new Upstream().push(1).end();
    const failure = new Error('no room');
    const reader = await inFlight.join('key', {
      client: new Leaving(),
      open: async () => ({ status: 200, headers: new Headers(), body: upstream.body, upstream }),
      onComplete: () => {
        throw failure;
      },
    });
    expect(await readAll(reader)).toEqual({ bytes: [1], end: 'done' });
    expect(reports).toEqual([failure]);
  });

  test('other keys lead by themselves', async () => {
    const { inFlight, call, opened } = scene();
    call();
    const upstream = new Upstream();
    const other = await inFlight.join('other', {
      client: new Leaving(),
      open: async () => ({ status: 200, headers: new Headers(), body: upstream.body, upstream }),
      onComplete: () => {},
    });
    expect([other.led, opened.length, inFlight.size]).toEqual([true, 1, 2]);
  });

  test('a caller that has left already does nothing', async () => {
    const { inFlight } = scene();
    const gone = new Leaving();
    gone.leave(new Error('gone'));
    const joining = inFlight.join('key', {
      client: gone,
      open: () => Promise.reject(new Error('must not be called')),
      onComplete: () => {},
    });
    await expect(joining).rejects.toThrow('gone');
    expect(inFlight.size).toBe(0);
  });

  test('asking twice at once is refused, and the first question is answered', async () => {
    const { upstream, leader } = await begun(scene());
    const first = leader.next();
    await expect(leader.next()).rejects.toThrow('again');
    upstream.push(1);
    expect(await first).toEqual(Uint8Array.of(1));
  });
});

describe('a failed open', () => {
  const outcome = ({ reader }: { reader: Promise<AnswerReader<Answer>> }) =>
    reader.then(
      ({ led }) => (led ? 'led' : 'joined'),
      (error: Error) => error.message,
    );
  const fails = (message: string) => () => Promise.reject(new Error(message));

  test('of the provider’s fault is everybody’s failure, after one request', async () => {
    const { call, opened, inFlight } = scene();
    const calls = [call(() => Promise.reject(PROVIDERS_FAULT)), call(), call()];
    expect(await Promise.all(calls.map(outcome))).toEqual(Array(3).fill('connect_refused'));
    expect([opened.length, inFlight.size]).toEqual([1, 0]);
  });

  test('of another fault is its caller’s alone: the next in line leads', async () => {
    const { call, opened } = scene();
    const calls = [call(fails('rate limited')), call(fails('no credential')), call(), call()];
    expect(await Promise.all(calls.map(outcome))).toEqual(['rate limited', 'no credential', 'led', 'joined']);
    expect(opened).toHaveLength(3);
  });

  test('of every caller leaves nothing behind', async () => {
    const { call, inFlight } = scene();
    const calls = [call(fails('one')), call(fails('two'))];
    expect(await Promise.all(calls.map(outcome))).toEqual(['one', 'two']);
    expect(inFlight.size).toBe(0);
    expect(await outcome(call())).toBe('led');
  });

  test('whose caller has left is taken over by the next', async () => {
    const { call, inFlight } = scene();
    const { promise, reject } = Promise.withResolvers<never>();
    const leader = call(() => promise);
    const [second, third] = [call(), call()];
    leader.leave();
    reject(new Error('the leader’s own'));
    expect(await Promise.all([leader, second, third].map(outcome))).toEqual(['the client left', 'led', 'joined']);
    expect(inFlight.size).toBe(1);
  });

  test('after all have left does not touch the answer of those who came later', async () => {
    const { call, inFlight } = scene();
    const { promise, reject } = Promise.withResolvers<never>();
    const first = call(() => promise);
    first.leave();
    const later = [call(), call()];
    reject(new Error('aborted'));
    expect(await Promise.all([first, ...later].map(outcome))).toEqual(['the client left', 'led', 'joined']);
    expect(inFlight.size).toBe(1);
  });

  test('that throws before it returns a promise counts the same', async () => {
    const { inFlight, call } = scene();
    const joining = inFlight.join('key', {
      client: new Leaving(),
      open: () => {
        throw new Error('at once');
      },
      onComplete: () => {},
    });
    const second = call();
    await expect(joining).rejects.toThrow('at once');
    expect(await outcome(second)).toBe('led');
  });

  test('an answer that comes although all have left is cancelled', async () => {
    const { call, opened } = scene();
    const { promise, resolve } = Promise.withResolvers<Partial<Answer>>();
    const only = call(() => promise);
    only.leave();
    resolve({});
    expect(await outcome(only)).toBe('the client left');
    await settled();
    expect([opened[0]?.cancelled, opened[0]?.aborted]).toEqual([1, 1]);
  });
});
