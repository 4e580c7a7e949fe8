/**
 * The running server under hostile requests: every surface of it is sent requests that are nearly right. What was found once
 * lies in `seeds`, and is sent again by the test.
 */
export { openStage, type Stage, wrongIn } from './stage.ts';
export { loadSeeds, keepSeed } from './seeds.ts';
