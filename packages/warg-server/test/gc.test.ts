import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodePrivateKey, encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noDockerRegistry, startDockerRegistry } from './docker-registry.ts';
import { releaseEntry, testPackage } from './publisher.ts';
import { type Body, callerOf } from './registry-caller.ts';
import { s3Credentials, startS3 } from './s3-server.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from './server-process.ts';
import type { StoreServer } from './store-server.ts';

let dir: string;
let server: ServerProcess | undefined;
let contents: StoreServer | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-gc-'));
  writeFileSync(join(dir, 'operator.key'), encodePrivateKey(generatePrivateKey()));
});
afterEach(async () => {
  await server?.kill();
  await contents?.kill();
  [server, contents] = [undefined, undefined];
  rmSync(dir, { recursive: true, force: true });
});

const aws = {
  AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
};

async function serve(options: readonly string[]) {
  const own = ['--operator-key-file', join(dir, 'operator.key'), '--namespace', 'test'];
  const env = { ...aws, DOCKER_CONFIG: dir };
  server = await startServer(await freePort(), ['--data-dir', join(dir, 'data'), ...own, ...options], env);
  const { url } = server;
  return callerOf((request) => fetch(`${url}${new URL(request.url).pathname}`, request));
}

function gc(...options: readonly string[]) {
  const args = [PROGRAM, 'gc', '--data-dir', join(dir, 'data'), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: programEnvironment({ ...aws, DOCKER_CONFIG: dir }) as NodeJS.ProcessEnv,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Publishes a content, and has another one refused whose record is rejected after it was stored. */
async function publish(call: ReturnType<typeof callerOf>) {
  const [kept, garbage] = [encodeUtf8('what is kept'), encodeUtf8('what is not')];
  const pkg = testPackage('test:hello');
  const first = pkg.init(releaseEntry('1.0.0', digestOf(kept)));
  await call.publish(first);
  expect((await call.upload(first, digestOf(kept), kept as Body)).status).toBe(201);
  expect((await call.settle(first)).state).toBe('published');
  // The same version again: the sequencer rejects it.
  const second = pkg.record([releaseEntry('1.0.0', digestOf(garbage))]);
  await call.publish(second);
  expect((await call.upload(second, digestOf(garbage), garbage as Body)).status).toBe(201);
  expect((await call.settle(second)).state).toBe('rejected');
  return { kept, garbage };
}

describe('warg-server gc', () => {
  it('removes from a running registry what no record names and is old enough', async () => {
    const call = await serve([]);
    const { kept, garbage } = await publish(call);
    const files = join(dir, 'data', 'content', 'files');
    expect(JSON.parse(gc('--json').stdout)).toMatchObject({ contents: 2, named: 1, young: 1, removed: 0 });

    const old = new Date(Date.now() - 25 * 3_600_000);
    for (const name of readdirSync(files)) utimesSync(join(files, name), old, old);
    expect(gc('--dry-run').stdout).toContain(`1 that would be removed (${garbage.length} bytes)`);
    expect(readdirSync(files)).toHaveLength(2);
    expect(gc().stdout).toContain(`1 removed (${garbage.length} bytes)`);
    expect(readdirSync(files)).toEqual([digestOf(kept).replace(':', '-')]);
    expect((await call.get(`content/${digestOf(kept).replace(':', '-')}`)).bytes).toEqual(kept);

    // The server has it uploaded again by who comes to need it.
    const pkg = testPackage('test:other');
    const again = pkg.init(releaseEntry('1.0.0', digestOf(garbage)));
    expect((await call.publish(again)).json()).toMatchObject({ state: 'sourcing' });
    expect((await call.upload(again, digestOf(garbage), garbage as Body)).status).toBe(201);
    expect((await call.settle(again)).state).toBe('published');
  });

  it('says what is wrong where there is no registry', () => {
    const { status, stdout, stderr } = gc();
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('--data-dir');
  });

  it('looks into a bucket', async () => {
    contents = await startS3(dir, await freePort(), 'packages');
    const place = ['--content-store', 's3://packages/some/where', '--content-store-endpoint', contents.url];
    await publish(await serve(place));
    expect(JSON.parse(gc('--json', ...place).stdout)).toMatchObject({ contents: 2, named: 1, young: 1 });
  });

  it.skipIf(noDockerRegistry !== undefined)('looks into an OCI registry', async () => {
    contents = await startDockerRegistry(dir, await freePort());
    const place = ['--content-store', `oci://127.0.0.1:${contents.port}/some/where`];
    await publish(await serve(place));
    expect(JSON.parse(gc('--json', ...place).stdout)).toMatchObject({ contents: 2, named: 1, young: 1 });
  });
});
