import { expect, test } from 'bun:test';
import { crashRounds, type RoundReport } from './crash.ts';

const ROUNDS = 5;

test('what was answered is there after SIGKILL under load, while stopping and while starting', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const reports: RoundReport[] = [];
  await crashRounds(ROUNDS, seed, (report) => reports.push(report));
  const failed = reports.filter(({ faults }) => faults.length > 0);
  expect({ seed, failed }).toEqual({ seed, failed: [] });
  expect(reports).toHaveLength(ROUNDS);
  for (const { owed, changes } of reports) expect(Math.min(owed, changes)).toBeGreaterThan(0);
}, 180_000);
