/** Loaded into a process before all else: its wall clock is off by the milliseconds that stand in `CLOCK_OFFSET_FILE`. */
import { readFileSync } from 'node:fs';

const file = process.env.CLOCK_OFFSET_FILE ?? '';
const trueNow = Date.now.bind(Date);
Date.now = () => trueNow() + Number(readFileSync(file, 'utf8'));
