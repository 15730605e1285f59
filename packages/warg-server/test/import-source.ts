import { digestOf, encodeUtf8, type PrivateKey } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { createRegistry, type Registry } from '../src/create-registry.ts';
import { serve } from '../src/http/node-server.ts';
import { type TestPackage, testPackage, yankEntry } from './publisher.ts';
import { callerOf, type RegistryCaller } from './registry-caller.ts';

/** A registry that another one takes over, on a socket. */
export interface Source {
  readonly url: string;
  readonly registry: Registry;
  readonly call: RegistryCaller;
  /** The checkpoints that somebody has seen. */
  readonly seen: SignedCheckpoint[];
  /** Looks at the newest. */
  checkpoint(): Promise<SignedCheckpoint>;
}

/** What is to be ended behind a test, the last first. */
export type Ends = (() => Promise<void>)[];

export async function listen(fetch: (request: Request) => Promise<Response>, ends: Ends): Promise<string> {
  const server = await serve({ fetch }, { host: '127.0.0.1', port: 0 });
  ends.push(() => server.close());
  return server.url;
}

export async function startSource(operatorKey: PrivateKey, ends: Ends): Promise<Source> {
  const registry = await createRegistry({ operatorKey, namespaces: ['test'], resignInterval: 0 });
  ends.push(() => registry.close());
  const call = callerOf(registry.fetch);
  const seen: SignedCheckpoint[] = [];
  return {
    url: await listen((request) => registry.fetch(request), ends),
    registry,
    call,
    seen,
    checkpoint: async () => {
      const checkpoint = (await call.get('v1/fetch/checkpoint')).json<SignedCheckpoint>();
      seen.push(checkpoint);
      return checkpoint;
    },
  };
}

/** Publishes a record with one release, whose content is its name and version. */
export async function release(
  { call, checkpoint }: Source,
  pkg: TestPackage,
  version: string,
): Promise<void> {
  const text = `${pkg.name}@${version}`;
  const record = pkg.release(version, digestOf(encodeUtf8(text)));
  await call.publish(record);
  await call.upload(record, digestOf(encodeUtf8(text)), text);
  await call.settle(record);
  await checkpoint();
}

/** Three packages with four releases, one of them yanked: with the operator's record nine records. */
export async function fill(source: Source): Promise<readonly TestPackage[]> {
  const all = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name));
  for (const pkg of all) await source.call.settle(pkg.init());
  await source.checkpoint();
  for (const pkg of all) await release(source, pkg, '1.0.0');
  await release(source, all[0]!, '1.1.0');
  await source.call.settle(all[0]!.record([yankEntry('1.0.0')]));
  await source.checkpoint();
  return all;
}
