import { describe, expect, test } from 'bun:test';
import { Leaving, leavingOf } from './leaving.ts';

describe('leaving', () => {
  test('runs each task once, in their order, and keeps the first reason', () => {
    const leaving = new Leaving();
    const ran: number[] = [];
    for (const n of [1, 2, 3]) leaving.onLeave(() => ran.push(n));
    leaving.throwIfLeft();
    leaving.leave('first');
    leaving.leave('second');
    expect([ran, leaving.left, leaving.reason]).toEqual([[1, 2, 3], true, 'first']);
    expect(() => leaving.throwIfLeft()).toThrow('first');
  });

  test.each([0, 1, 2])('task %d is forgotten, the others are not', (forgotten) => {
    const leaving = new Leaving();
    const ran: number[] = [];
    const forget = [0, 1, 2].map((n) => leaving.onLeave(() => ran.push(n)));
    forget[forgotten]?.();
    forget[forgotten]?.();
    leaving.leave();
    expect(ran).toEqual([0, 1, 2].filter((n) => n !== forgotten));
  });

  test('a lone task is forgotten', () => {
    const leaving = new Leaving();
    const ran: string[] = [];
    leaving.onLeave(() => ran.push('forgotten'))();
    leaving.onLeave(() => ran.push('kept'));
    leaving.leave();
    expect(ran).toEqual(['kept']);
  });

  test('a task for who has left runs at once', () => {
    const leaving = new Leaving();
    leaving.leave();
    let ran = 0;
    leaving.onLeave(() => {
      ran += 1;
    })();
    expect(ran).toBe(1);
  });

  test('a signal is followed, and one that was aborted before counts', () => {
    const controller = new AbortController();
    const leaving = leavingOf(controller.signal);
    expect(leaving.left).toBe(false);
    controller.abort('gone');
    expect([leaving.left, leaving.reason]).toEqual([true, 'gone']);
    expect(leavingOf(AbortSignal.abort('before')).reason).toBe('before');
  });
});
