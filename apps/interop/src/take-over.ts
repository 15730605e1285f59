// A Rust registry is taken over by ours: `warg-server import`, and the clients of both makes go on with what they know.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey } from '@warg/crypto';
import {
  type Client,
  cleanEnvironment,
  must,
  mustRefuse,
  ourClient,
  ourServer,
  type RunningProgram,
  type RustPrograms,
  runProgram,
  rustClient,
  startProgram,
  startRustServer,
} from '@warg-apps/programs';
import { check, equal } from './checks.ts';
import { keys, namespace } from './differential/world.ts';

const operatorKey = encodePrivateKey(keys.operator);
const env = cleanEnvironment({ WARG_OPERATOR_KEY: operatorKey, NO_COLOR: '1' });
const label = 'a Rust registry that ours takes over';

export async function takeOver(rust: RustPrograms, work: string): Promise<void> {
  const step = (what: string, attempt: () => unknown) => check(`${label}: ${what}`, attempt);
  const registry = await startRustServer(rust.server, { work, namespace, operatorKey });
  const data = mkdtempSync(join(work, 'taken-over-'));
  const clients = await Promise.all([
    rustClient(rust.warg, registry.url, work),
    ourClient(registry.url, work),
  ]);
  const [rustWarg, ourWarg] = clients;
  const files = [1, 2, 3, 4].map((number) => component(work, number));
  const [one, two, three, four] = files as [string, string, string, string];
  let old: RunningProgram | undefined = registry.program;
  let ours: RunningProgram | undefined;
  try {
    await Promise.all([
      step('the Rust warg publishes there, and yanks', () => publish(rustWarg, nameOf(rustWarg), one, two)),
      step('our warg publishes there, and yanks', () => publish(ourWarg, nameOf(ourWarg), one, two)),
    ]);
    for (const client of clients)
      await step(`${names[client.kind]} warg updates`, () => must(client.update()));
    await step('it is imported while it runs', async () => {
      equal((await runImport(registry.url, data)).from, 0, 'records before');
    });
    await step('our warg publishes another package', async () => {
      await must(ourWarg.init(`${namespace}:late`));
      await must(ourWarg.release(`${namespace}:late`, '1.0.0', three));
    });
    await step('a second import brings what is new, and the same checkpoint byte for byte', async () => {
      const before = await checkpointOf(registry.url);
      const { from, to, checkpoint, contents } = await runImport(registry.url, data);
      equal(to > from && from > 0, true, `records were added to ${from}`);
      equal(contents.fetched, 1, 'contents that were fetched');
      // It may have been signed again meanwhile.
      const signed = [before, await checkpointOf(registry.url)];
      equal(
        signed.includes(JSON.stringify(checkpoint)),
        true,
        `${JSON.stringify(checkpoint)} is ${signed.join(' or ')}`,
      );
    });
    const { host } = new URL(registry.url);
    const signed = await checkpointOf(registry.url);
    await old.stop();
    old = undefined;
    ours = await startProgram(
      process.execPath,
      [ourServer, '--listen', host, '--data-dir', data],
      /listening on http/,
      {
        env,
      },
    );
    await step('our server goes on with the same roots', async () => {
      const rootsOf = (text: string) => ({ ...JSON.parse(text).contents, timestamp: undefined });
      equal(rootsOf(await checkpointOf(registry.url)), rootsOf(signed), 'the roots');
    });
    for (const client of clients) {
      const others = client === rustWarg ? ourWarg : rustWarg;
      const who = `${names[client.kind]} warg`;
      await step(`${who} updates, with what it knows of the Rust server`, () => must(client.update()));
      await step(`${who} downloads what it knew`, () => download(client, nameOf(client), '0.2.0', two, work));
      await step(`${who} downloads what the other one published there`, () =>
        download(client, nameOf(others), '0.2.0', two, work),
      );
      await step(`${who} is not given what was yanked there`, () =>
        mustRefuse(
          client.download(nameOf(client), join(work, 'yanked.wasm'), '0.1.0'),
          /yanked|does not exist|not found|no version/i,
        ),
      );
      await step(`${who} goes on publishing`, () => must(client.release(nameOf(client), '0.3.0', four)));
    }
    for (const client of clients) {
      await step(`${names[client.kind]} warg downloads what the other one went on with`, async () => {
        await must(client.update());
        await download(client, nameOf(client === rustWarg ? ourWarg : rustWarg), '0.3.0', four, work);
      });
    }
  } finally {
    await old?.stop();
    await ours?.stop();
  }
}

const names = { rust: 'the Rust', ours: 'our' };
const nameOf = ({ kind }: Client) => `${namespace}:of-${kind}`;

async function publish(client: Client, name: string, first: string, second: string): Promise<void> {
  await must(client.init(name));
  await must(client.release(name, '0.1.0', first));
  await must(client.release(name, '0.2.0', second));
  await must(client.yank(name, '0.1.0'));
}

async function download(client: Client, name: string, version: string, expected: string, work: string) {
  const to = join(mkdtempSync(join(work, 'download-')), 'file.wasm');
  await must(client.download(name, to, version));
  if (!readFileSync(to).equals(readFileSync(expected)))
    throw new Error('the file differs from what was published');
}

async function checkpointOf(url: string): Promise<string> {
  return (await fetch(`${url}/v1/fetch/checkpoint`)).text();
}

async function runImport(url: string, data: string) {
  const args = [ourServer, 'import', url, '--data-dir', data, '--json'];
  const { stdout } = await must(runProgram(process.execPath, args, { env }));
  return JSON.parse(stdout) as {
    readonly from: number;
    readonly to: number;
    readonly checkpoint: unknown;
    readonly contents: { readonly fetched: number };
  };
}

/** A component of its own: empty but for a custom section that says which one it is. */
function component(work: string, number: number): string {
  const file = join(work, `taken-over-${number}.wasm`);
  const section = Buffer.concat([Buffer.of(1, 0x61), Buffer.from(`taken over ${number}`)]);
  writeFileSync(
    file,
    Buffer.concat([Buffer.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), Buffer.of(0, section.length), section]),
  );
  return file;
}
