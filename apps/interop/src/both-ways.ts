// Both clients against both servers: what one publishes the other one downloads, and grants hold across them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey } from '@warg/crypto';
import {
  type Client,
  must,
  mustRefuse,
  ourClient,
  type Registry,
  type RustPrograms,
  rustClient,
  startOurServer,
  startRustServer,
} from '@warg-apps/programs';
import { check } from './checks.ts';
import { keys, namespace } from './differential/world.ts';

const names = { rust: 'Rust', ours: 'our' };

export async function bothWays(rust: RustPrograms, work: string): Promise<void> {
  const options = { work, namespace, operatorKey: encodePrivateKey(keys.operator) };
  const registries = await Promise.all([startOurServer(options), startRustServer(rust.server, options)]);
  try {
    // Side by side: the Rust server shows a record no sooner than its timer says, every five seconds.
    await Promise.all(registries.map((registry) => clientsAgainst(registry, rust, work)));
  } finally {
    await Promise.all(registries.map(({ program }) => program.stop()));
  }
}

async function clientsAgainst(registry: Registry, rust: RustPrograms, work: string): Promise<void> {
  const clients = await Promise.all([
    rustClient(rust.warg, registry.url, work),
    ourClient(registry.url, work),
  ]);
  const [first, second] = clients;
  await Promise.all([
    publishAndFetch(registry, first, second, work),
    publishAndFetch(registry, second, first, work),
  ]);
}

/** One client publishes, the other one downloads, is granted and publishes in turn. */
async function publishAndFetch(
  registry: Registry,
  publisher: Client,
  other: Client,
  work: string,
): Promise<void> {
  const name = `${namespace}:by-${publisher.kind}`;
  const label = `${names[registry.kind]} server, published by ${names[publisher.kind]} warg`;
  const files = [1, 2, 3].map((number) => component(work, registry, publisher, number));
  const [one, two, three] = files as [string, string, string];
  const step = (what: string, attempt: () => unknown) => check(`${label}: ${what}`, attempt);

  const download = async (client: Client, version: string | undefined, expected: string) => {
    const to = join(work, `${registry.kind}-${publisher.kind}-${client.kind}-${version ?? 'latest'}.wasm`);
    await must(client.download(name, to, version));
    if (!readFileSync(to).equals(readFileSync(expected)))
      throw new Error('the file differs from what was published');
  };

  await step('init', () => must(publisher.init(name)));
  await step('release', () => must(publisher.release(name, '0.1.0', one)));
  await step(`${names[other.kind]} warg downloads it`, () => download(other, undefined, one));
  await step('a second release', () => must(publisher.release(name, '0.2.0', two)));
  await step(`${names[other.kind]} warg updates`, () => must(other.update()));
  await step(`${names[other.kind]} warg downloads the latest`, () => download(other, '0.2.0', two));
  await step('yank', () => must(publisher.yank(name, '0.1.0')));
  await step(`${names[other.kind]} warg updates after the yank`, () => must(other.update()));
  for (const client of [other, publisher]) {
    await step(`${names[client.kind]} warg is not given what was yanked`, () =>
      mustRefuse(
        client.download(name, join(work, 'yanked.wasm'), '0.1.0'),
        /yanked|does not exist|not found|no version/i,
      ),
    );
  }
  await step(`${names[other.kind]} warg may not release`, () =>
    mustRefuse(
      other.release(name, '0.3.0', three),
      /unknown key|unauthori[sz]ed|not authori[sz]ed|permission/i,
    ),
  );
  await step('grant', () => must(publisher.grant(name, other.publicKey)));
  await step(`${names[other.kind]} warg releases`, () => must(other.release(name, '0.3.0', three)));
  await step(`${names[publisher.kind]} warg updates`, () => must(publisher.update()));
  await step(`${names[publisher.kind]} warg downloads what the other one released`, () =>
    download(publisher, undefined, three),
  );
}

/** A component of its own: empty but for a custom section that says which one it is. */
function component(work: string, registry: Registry, publisher: Client, number: number): string {
  const file = join(work, `${registry.kind}-${publisher.kind}-${number}.wasm`);
  const text = Buffer.from(`${registry.kind} ${publisher.kind} ${number}`);
  const section = Buffer.concat([Buffer.of(1, 0x61), text]);
  writeFileSync(
    file,
    Buffer.concat([Buffer.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), Buffer.of(0, section.length), section]),
  );
  return file;
}
