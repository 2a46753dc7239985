/** A server of its own for one test, with a client: both end with it. */
import { Redis as Client } from 'ioredis';
import { onTestFinished } from 'vitest';
import { Redis } from './proof.ts';

export async function server(): Promise<{ url: string; client: Client }> {
  const redis = await new Redis().start();
  onTestFinished(() => redis.end());
  const client = new Client(redis.url);
  onTestFinished(() => client.disconnect());
  return { url: redis.url, client };
}
