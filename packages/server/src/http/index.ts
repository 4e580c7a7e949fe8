/**
 * Everything that touches a socket: the listener, the choice of face, CORS, error bodies, and the one way out.
 * Knows the faces it serves; knows no storage.
 */
export { createApp } from './app.ts';
export { createEgress, startHttpClient, type LocalHandler } from './egress.ts';
export { type Listener, listen } from './listen.ts';
