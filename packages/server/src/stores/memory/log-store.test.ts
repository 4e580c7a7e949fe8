import { describeLogStore } from '../contract/index.ts';
import { openMemoryLogStore } from './index.ts';

describeLogStore('memory', async () => ({ store: openMemoryLogStore(), dispose: async () => {} }));
