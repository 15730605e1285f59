// What a client allocates that fetches, verifies and stores many packages. The answers are there already.

import { type Answer, type Exchange, memoryStorage, WargClient } from '@warg/client';
import { type Allocated, allocatedBy } from './allocated.ts';
import { now, packageOf } from './publisher.ts';
import { countedRegistry } from './registry.ts';

const PACKAGES = 50;
const RECORDS = 10;

export async function countClient(): Promise<Record<string, Allocated>> {
  const { registry, publish } = await countedRegistry();
  const names = Array.from({ length: PACKAGES }, (_, n) => `test:package${n}`);
  const packages = names.map((name) => packageOf(name, RECORDS));
  for (let i = 0; i < RECORDS; i++) await publish(packages.map((records) => records[i]!));

  const known = new Map<
    string,
    { readonly status: number; readonly headers: Headers; readonly body: Uint8Array }
  >();
  const exchange: Exchange = {
    handles: () => true,
    ask: async ({ method, url, headers, body }) => {
      const question = `${method} ${url} ${body}`;
      let found = known.get(question);
      if (found === undefined) {
        const request = new Request(url, { method, headers, ...(body === undefined ? {} : { body }) });
        const answer = await registry.fetch(request);
        found = {
          status: answer.status,
          headers: answer.headers,
          body: new Uint8Array(await answer.arrayBuffer()),
        };
        known.set(question, found);
      }
      return answerOf(found.status, found.headers, found.body);
    },
  };
  const update = async () => {
    const client = await WargClient.open({
      registry: 'https://registry.example',
      storage: memoryStorage(),
      exchange,
      clock: () => now,
    });
    await client.update(names);
  };
  await update();
  await update();
  const asked = known.size;
  const updated = await allocatedBy(PACKAGES * RECORDS, update);
  if (known.size !== asked) throw new Error(`expected no further question, found ${known.size - asked}`);
  await registry.close();
  return { 'client: a record, in a cold update of 50 packages with 10 each': updated };
}

/** An answer whose body comes at once. */
function answerOf(status: number, headers: Headers, body: Uint8Array): Answer {
  const parts = [body];
  const read = async () => {
    const value = parts.pop();
    return value === undefined ? { done: true as const } : { done: false as const, value };
  };
  const cancel = async () => {};
  return {
    status,
    ok: status >= 200 && status < 300,
    headers,
    body: { getReader: () => ({ read, cancel }), cancel },
  };
}
