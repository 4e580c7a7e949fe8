export {};

/**
 * A process that opens many streams at once. (The test runner's own `fetch` is held to 256 requests.)
 *   bun stream-client.ts URL TOKEN COUNT
 * Opens COUNT streams, reads the first piece of each, prints `{"opened": n}` and holds them; leaves all of them and ends
 * when its standard input closes.
 */
const [url = '', token = '', count = '0'] = process.argv.slice(2);
const leaving = new AbortController();

const statuses = await Promise.all(Array.from({ length: Number(count) }, () => openStream()));
console.log(JSON.stringify({ opened: statuses.filter((status) => status === 200).length }));
for await (const _ of Bun.stdin.stream()) {
  // Held until the other side closes the pipe.
}
leaving.abort();

async function openStream(): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}` },
    body: '{"model":"m","stream":true}',
    signal: leaving.signal,
  });
  const reader = response.body?.getReader();
  await reader?.read();
  // Waits for what never comes; leaving ends it.
  reader?.read().catch(() => undefined);
  return response.status;
}
