/**
 * The built-in provider: answers in the OpenAI and Anthropic dialects from inside the process, needs no key and never
 * opens a socket. The model name decides how it behaves, faults included (`docs/sandbox.md`). The same input gives the
 * same answer. It knows nothing of gateways, storage, routing or other providers: it is only a `Request → Response`.
 */
export { createSandbox, type SandboxRequest } from './sandbox.ts';
