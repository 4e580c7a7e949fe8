/** Plays the wall of upstream faults and prints it as a table. */
import { differences, openWall, type WallRow } from './wall.ts';

if (process.argv.length > 2) {
  console.error('usage: npm run faults\n\nExit code: 0 all as the table says, 1 a difference, 2 wrong usage.');
  process.exit(2);
}

const wall = await openWall();
let failed = 0;
console.log(line(['fault', 'client', 'upstream', 'log', 'verdict']));
for (const row of wall.rows) failed += (await verdict(row)) ? 0 : 1;
await wall.close();
console.log(
  `\n${wall.rows.length} faults, ${failed === 0 ? 'all as they should be' : `${failed} not as they should be`}`,
);
process.exit(failed === 0 ? 0 : 1);

async function verdict(row: WallRow): Promise<boolean> {
  const seen = await row.play();
  const wrong = differences(row, seen);
  const good = Object.keys(wrong).length === 0;
  console.log(line([row.fault, seen.client, seen.upstream, seen.log, good ? 'ok' : 'FAIL']));
  for (const part of Object.keys(wrong) as (keyof typeof wrong)[]) {
    console.log(`    ${part}: should be "${row[part]}"`);
  }
  return good;
}

/** A row of the table; what does not fit its column moves the rest on. */
function line(cells: readonly string[]): string {
  const widths = [62, 28, 28, 44, 0];
  return cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
}
