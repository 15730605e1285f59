// A registry in this process that does all of its work in this thread, and is asked the short way, as a server asks it.

import { encodeUtf8 } from '@warg/crypto';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { createRegistry, memoryContentStore, type Registry, type RegistryLog } from '@warg/server';
import { content, digest, keyOf, now, type Published } from './publisher.ts';

export interface CountedRegistry {
  readonly registry: Registry;
  /** @returns the body of the answer */
  ask(method: 'GET' | 'POST', path: string, body?: string): Promise<string>;
  /** Publishes records together: they are submitted at once, and it resolves when all stand in the log. */
  publish(records: readonly Published[]): Promise<void>;
}

const host = 'registry.example';
const headers = { host, 'content-type': 'application/json' };

export async function countedRegistry(): Promise<CountedRegistry> {
  const sequenced = countSequenced();
  const contents = memoryContentStore();
  await contents.write(
    digest,
    (async function* () {
      yield content;
    })(),
    content.length,
  );
  const registry = await createRegistry({
    operatorKey: keyOf(2),
    namespaces: ['test'],
    content: contents,
    // With a clock of its own it writes in this thread; and nothing is signed again when time goes by.
    clock: { now: () => now },
    resignInterval: 0,
    log: sequenced.log,
  });
  const ask: CountedRegistry['ask'] = async (method, path, body) => {
    const target = `/${path}`;
    const endpoint = registry.direct.find(method, target);
    if (endpoint === undefined) throw new Error(`expected a short way for ${method} ${target}`);
    const context = body === undefined ? {} : { bytes: encodeUtf8(body) };
    const answer = await endpoint.answer({ method, target, host, headers }, context);
    if (answer.status >= 300) throw new Error(`${answer.status} for ${method} ${target}: ${answer.body}`);
    return String(answer.body);
  };
  const submit = ({ name, envelope }: Published) => {
    const packageName = parsePackageName(name);
    const body = encodePublishRecordRequest({ packageName, record: envelope, contentSources: new Map() });
    return ask('POST', paths.publishRecord(packageLogId(packageName)), body);
  };
  return {
    registry,
    ask,
    publish: async (records) => {
      const all = sequenced.next(records.length);
      await Promise.all(records.map(submit));
      await all;
    },
  };
}

/** Knows how many records were published from what the registry logs: asking would take a number of times that depends on time. */
function countSequenced() {
  let left = 0;
  let done = () => {};
  const fail = (fields: object, message: string) => {
    throw new Error(`${message}: ${JSON.stringify(fields)}`);
  };
  const log: RegistryLog = {
    debug: ({ published }) => {
      if (typeof published !== 'number') return;
      left -= published;
      if (left <= 0) done();
    },
    info: () => {},
    warn: fail,
    error: fail,
  };
  const next = (records: number) => {
    left = records;
    return new Promise<void>((resolve) => {
      done = resolve;
    });
  };
  return { log, next };
}
