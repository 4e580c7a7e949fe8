/** What is measured, in the order of rotation. Each knows how to be installed and started, nothing of the load. */
import { headgateSubjects } from './headgate.ts';
import { bifrost, litellm, nginx, portkey } from './peers.ts';
import type { Subject } from './subject.ts';

export { ALL_ON, startVariant } from './headgate.ts';
export { OPENAI_HEADERS, type Running, type Subject } from './subject.ts';

export const SUBJECTS: Subject[] = [nginx, ...headgateSubjects, portkey, litellm, bifrost];
