import { expect, test } from 'bun:test';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { keepMemoryLow } from './memory.ts';

test('garbage is collected after memory has grown under many calls or many streams have ended, once each, and not while nothing changes', () => {
  const clock = new FakeClock();
  let resident = 100_000_000;
  let streams = 0;
  let calls = 200;
  let collections = 0;
  const stop = keepMemoryLow(clock, {
    residentBytes: () => resident,
    endedStreams: () => streams,
    calls: () => calls,
    collect: () => {
      collections += 1;
      resident -= 10_000_000;
    },
  });
  clock.advance(5000);
  expect(collections).toBe(0);
  resident = 150_000_000;
  clock.advance(1000);
  expect(collections).toBe(1);
  clock.advance(5000);
  expect(collections).toBe(1);
  resident = 190_000_000;
  clock.advance(1000);
  expect(collections).toBe(2);
  streams += 499;
  clock.advance(5000);
  expect(collections).toBe(2);
  streams += 1;
  clock.advance(5000);
  expect(collections).toBe(3);
  calls = 199;
  resident += 120_000_000;
  clock.advance(5000);
  expect(collections).toBe(3);
  resident += 20_000_000;
  clock.advance(1000);
  expect(collections).toBe(4);
  stop();
  resident = 900_000_000;
  clock.advance(5000);
  expect(collections).toBe(4);
});

test('memory that cannot be told is no reason to collect, and none to stop looking', () => {
  const clock = new FakeClock();
  let resident: number | null = 100_000_000;
  let collections = 0;
  const collect = () => {
    collections += 1;
  };
  keepMemoryLow(clock, { residentBytes: () => resident, endedStreams: () => 0, calls: () => 500, collect });
  resident = null;
  clock.advance(5000);
  expect(collections).toBe(0);
  resident = 150_000_000;
  clock.advance(1000);
  expect(collections).toBe(1);
});
