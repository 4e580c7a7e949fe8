import { describeCounterStore } from '../contract/index.ts';
import { openMemoryCounters } from './index.ts';

describeCounterStore('memory', () => ({ store: openMemoryCounters(), dispose: () => {} }));
