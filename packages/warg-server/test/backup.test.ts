import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { decodeSignedCheckpoint } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpReader } from './http-reader.ts';
import { Publishers, pause } from './kills/publishers.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from './server-process.ts';
import { verifyRegistry } from './verify-registry.ts';

const operatorKey = generatePrivateKey();
const expected = { operatorKey: publicKeyOf(operatorKey) };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-backup-'));
  writeFileSync(join(dir, 'operator.key'), encodePrivateKey(operatorKey), { mode: 0o600 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { env: programEnvironment({}) as NodeJS.ProcessEnv };
    execFile(process.execPath, [PROGRAM, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
const start = async (data: string, ...more: string[]): Promise<ServerProcess> =>
  startServer(await freePort(), [
    ...[
      '--data-dir',
      join(dir, data),
      '--operator-key-file',
      join(dir, 'operator.key'),
      '--namespace',
      'test',
      ...more,
    ],
  ]);

describe('warg-server backup', () => {
  it('copies a registry that publishes, and brings it back without contradicting anything', async () => {
    const server = await start('data');
    const publishers = new Publishers([server.url]);
    while (publishers.acknowledged.length < 150) await pause(5);
    const backup = join(dir, 'backup');
    const { code, out, err } = await run('backup', backup, '--data-dir', join(dir, 'data'), '--json');
    expect([code, err]).toEqual([0, '']);
    const { checkpoint, contents } = JSON.parse(out);
    expect(contents).toBeGreaterThan(0);
    while (publishers.acknowledged.length < 300) await pause(5);
    await publishers.stop();
    const seen = [...publishers.checkpoints.values()];

    // What was copied is whole, and says what it is.
    expect(await run('fsck', '--data-dir', backup)).toMatchObject({ code: 0, err: '' });
    const elsewhere = ['--content-dir', join(dir, 'elsewhere')];
    expect(await run('fsck', '--data-dir', backup, ...elsewhere)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/none of \d+ contents? is there: give the --data-dir, --content-dir or/),
    });
    const about = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8'));
    expect(about.checkpoint).toEqual(JSON.parse(JSON.stringify(checkpoint)));
    expect(existsSync(join(backup, 'registry.db.head'))).toBe(false);

    // Brought back beside the mark it takes nothing until it has what it lacks.
    mkdirSync(join(dir, 'restored'));
    copyFileSync(join(backup, 'registry.db'), join(dir, 'restored/registry.db'));
    copyFileSync(join(dir, 'data/registry.db.head'), join(dir, 'restored/registry.db.head'));
    const restored = await start('restored', '--recover-from', server.url);
    const newest = decodeSignedCheckpoint(await (await fetch(`${server.url}/v1/fetch/checkpoint`)).text());
    for (;;) {
      const now = decodeSignedCheckpoint(await (await fetch(`${restored.url}/v1/fetch/checkpoint`)).text());
      if (now.contents.logLength >= newest.contents.logLength) break;
      await pause(10);
    }
    await server.kill();
    await verifyRegistry(httpReader(restored.url), { ...expected, seen: seen.slice(-1) });
    await restored.kill();
  });

  it('makes no folder twice, and says what it does not save', async () => {
    const none = await run('backup', join(dir, 'backup'), '--data-dir', join(dir, 'data'));
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('there is no registry in') });
    await (await start('data')).kill();
    const data = ['--data-dir', join(dir, 'data')];
    expect(await run('backup', join(dir, 'backup'), ...data, '--no-content')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 record, no contents'),
    });
    expect(existsSync(join(dir, 'backup/content'))).toBe(false);
    expect(await run('backup', join(dir, 'backup'), ...data)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
    expect(await run('backup', join(dir, 'other'), '--data-store', 'postgres')).toMatchObject({
      code: 2,
      err: expect.stringContaining('pg_dump'),
    });
    expect(existsSync(join(dir, 'other'))).toBe(false);
  });
});
