/**
 * What is too long or too rough for a plain test: processes that are killed, starved and worn for minutes. Each part is a
 * command (`npm run crash`, `npm run soak`) and, in a short form, a test. It knows the server only from outside: its port,
 * its files, its process.
 */
