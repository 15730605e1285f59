// Both clients at a private registry of ours: without a token, with one for a namespace, and when it is revoked. Neither sends
// it where it uploads and downloads contents.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import {
  cleanEnvironment,
  must,
  mustRefuse,
  ourClient,
  ourServer,
  type RustPrograms,
  runProgram,
  rustClient,
  startProgram,
} from '@warg-apps/programs';
import { check } from '../checks.ts';

export async function visitPrivateRegistry(rust: RustPrograms, work: string): Promise<void> {
  const registry = await startPrivateRegistry(work);
  const file = join(work, 'private.wasm');
  writeFileSync(file, Buffer.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0));
  try {
    for (const [index, kind] of (['rust', 'ours'] as const).entries()) {
      const label = `private registry, ${kind === 'rust' ? 'Rust' : 'our'} warg`;
      const client =
        kind === 'rust'
          ? await rustClient(rust.warg, registry.url, work)
          : await ourClient(registry.url, work);
      const name = `test:private-${kind}`;
      await check(`${label} without a token`, () => mustRefuse(client.init(name), /needs a token/));
      const token = await registry.token('add', '--publish', '--namespace', 'test');
      await check(`${label} logs in`, () => must(client.login(token)));
      await check(`${label} publishes`, async () => {
        await must(client.init(name));
        // The second one finds the content there, and may read where it is named.
        await must(client.release(name, '1.0.0', file));
      });
      await check(`${label} downloads`, async () => {
        const to = join(work, `private-${index}.wasm`);
        await must(client.download(name, to));
        if (!readFileSync(to).equals(readFileSync(file))) {
          throw new Error('the file differs from what was published');
        }
        await must(client.update());
      });
      await check(`${label} stays in its namespace`, () =>
        mustRefuse(client.init(`other:private-${kind}`), /may not publish in the namespace/),
      );
      await check(`${label} with a token that was revoked`, async () => {
        await registry.token('revoke', token);
        await mustRefuse(client.update(), /expired or was revoked/);
      });
    }
  } finally {
    await registry.stop();
  }
}

async function startPrivateRegistry(work: string) {
  const folder = mkdtempSync(join(work, 'private-'));
  const keyFile = join(folder, 'operator.key');
  writeFileSync(keyFile, encodePrivateKey(generatePrivateKey()));
  const store = ['--data-dir', join(folder, 'data')];
  const options = { env: cleanEnvironment({ NO_COLOR: '1' }), cwd: folder };
  const serving = ['--listen', '127.0.0.1:0', '--namespace', 'test,other', '--operator-key-file', keyFile];
  const program = await startProgram(
    process.execPath,
    [ourServer, ...serving, ...store, '--private'],
    /listening on (http:\/\/127\.0\.0\.1:\d+)/,
    options,
  );
  return {
    url: program.ready[1]!,
    /** Runs `warg-server token`, and hands out what it prints. */
    async token(...args: readonly string[]): Promise<string> {
      const { stdout } = await must(
        runProgram(process.execPath, [ourServer, 'token', ...args, ...store], options),
      );
      return stdout.trim();
    },
    stop: () => program.stop(),
  };
}
