import Cloudflare from 'cloudflare';
import { type ApiFixture, apiFixture } from './management-api.ts';

/** The official `cloudflare` package, pointed at a listening management API. */
export interface SdkFixture extends ApiFixture {
  client: Cloudflare;
  /** Requests that have arrived. */
  requests(): number;
  stop(): Promise<void>;
}

export async function sdkFixture(): Promise<SdkFixture> {
  const fixture = await apiFixture();
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      requests++;
      return fixture.api(request);
    },
  });
  return {
    ...fixture,
    client: new Cloudflare({ apiToken: fixture.adminToken, baseURL: `${server.url.origin}/client/v4` }),
    requests: () => requests,
    stop: async () => {
      await server.stop(true);
      await fixture.control.close();
    },
  };
}

/** Everything that the SDK's paginator finds. */
export async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** What a call of the SDK fails with. Its promises are not plain ones, so `expect().rejects` can't look into them. */
export async function failure(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error;
  }
}
