import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, type PrivateKey } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistry, sqliteStore } from '../src/create-registry.ts';
import { type Ends, fill, listen, release, type Source, startSource } from './import-source.ts';
import { testPackage } from './publisher.ts';
import { freePort, PROGRAM, programEnvironment, startServer } from './server-process.ts';

let dir: string;
let key: PrivateKey;
let source: Source;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-restore-'));
  key = generatePrivateKey();
  await writeFile(join(dir, 'operator.key'), encodePrivateKey(key));
  source = await startSource(key, ends);
  await fill(source);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

const inData = (name = '') => join(dir, 'data', name);
const common = () => ['--data-dir', inData(), '--operator-key-file', join(dir, 'operator.key')];

function startProgram(...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: programEnvironment({}) });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part) => {
    text.out += part;
  });
  child.stderr.on('data', (part) => {
    text.err += part;
  });
  const ended = new Promise((resolve) => child.once('close', resolve)).then((code) => ({ code, ...text }));
  return { child, ended };
}

const runImport = (url: string) => startProgram('import', url, ...common()).ended;

async function serve(...args: readonly string[]) {
  const server = await startServer(await freePort(), [...common(), ...args]);
  ends.push(() => server.kill());
  return server;
}

async function logRootAt(url: string): Promise<string> {
  return ((await (await fetch(`${url}/v1/fetch/checkpoint`)).json()) as SignedCheckpoint).contents.logRoot;
}

/** A data folder with the nine records of the source, of which the mark says that eleven were signed. */
async function takenBack(): Promise<string> {
  await runImport(source.url);
  await copyFile(inData('registry.db'), join(dir, 'older.db'));
  const late = testPackage('test:late');
  await source.call.settle(late.init());
  await release(source, late, '1.0.0');
  await runImport(source.url);
  await copyFile(join(dir, 'older.db'), inData('registry.db'));
  return readFile(inData('registry.db.head'), 'utf8');
}

describe('warg-server import', () => {
  it('brings a restored store back to what it had signed, and does not forget it before', async () => {
    const mark = await takenBack();
    const older = await createRegistry({
      operatorKey: key,
      store: sqliteStore(join(dir, 'older.db')),
      resignInterval: 0,
    });
    ends.push(() => older.close());
    const early = await runImport(await listen((request) => older.fetch(request), ends));
    expect(early).toMatchObject({ code: 0, err: expect.stringContaining('is still behind the 11 records') });
    expect(await readFile(inData('registry.db.head'), 'utf8')).toBe(mark);

    expect((await runImport(source.url)).out).toContain('imported 2 records');
    const { url, output } = await serve();
    expect(await logRootAt(url)).toBe((await source.checkpoint()).contents.logRoot);
    expect(output()).not.toContain('lacks records');
  });

  it('leaves the log as it was when it is interrupted', async () => {
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const url = await listen(async (request) => {
      if (!request.url.includes('/v1/fetch/names')) return source.registry.fetch(request);
      asked();
      await new Promise(() => {});
      throw new Error('never');
    }, ends);
    const { child, ended } = startProgram('import', url, ...common());
    await isAsked;
    child.kill('SIGINT');
    expect(await ended).toMatchObject({
      code: 130,
      out: '',
      err: expect.stringMatching(/^error: broken off: the log is as it was/),
    });
    expect((await readdir(inData())).filter((name) => name.startsWith('import-'))).toEqual([]);
    expect((await runImport(source.url)).out).toContain('imported 9 records');
  });
});

describe('warg-server on a store that was taken back', () => {
  it('fetches what it lacks from where it is told, and says so', async () => {
    await takenBack();
    const { url, output } = await serve('--recover-from', source.url);
    for (const giveUp = performance.now() + 60_000; !output().includes('takes records again'); ) {
      if (performance.now() > giveUp) throw new Error(output());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await logRootAt(url)).toBe((await source.checkpoint()).contents.logRoot);
    expect(output()).toContain('the store lacks records that were signed');
    expect(output()).toContain('fetched records back');
  });

  it('ends at the first signal while an empty store waits for its records', async () => {
    const file = join(dir, 'last.json');
    await writeFile(file, JSON.stringify(await source.checkpoint()));
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { child, ended } = startProgram(
      ...common(),
      ...['--listen', '127.0.0.1:0', '--after-checkpoint', file, '--recover-from', nobody],
    );
    ends.push(async () => void child.kill('SIGKILL'));
    await new Promise<void>((resolve) => {
      let text = '';
      child.stderr.on('data', (part) => {
        text += part;
        if (text.includes('cannot fetch records back yet')) resolve();
      });
    });
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, out: '', err: expect.stringContaining('shutting down') });
    // What it was told stays known, and the store can be recovered at the next start.
    const { url } = await serve('--recover-from', source.url);
    expect(await logRootAt(url)).toBe((await source.checkpoint()).contents.logRoot);
  });

  it('wants a checkpoint that can be read', async () => {
    const file = join(dir, 'last.json');
    const start = () =>
      startProgram(...common(), '--listen', '127.0.0.1:0', '--after-checkpoint', file).ended;
    expect(await start()).toMatchObject({
      code: 1,
      err: expect.stringContaining('(ENOENT, --after-checkpoint)'),
    });
    await writeFile(file, '{}');
    expect(await start()).toMatchObject({
      code: 1,
      err: expect.stringContaining('to hold a signed checkpoint'),
    });
    await writeFile(file, JSON.stringify(await source.checkpoint()));
    const isNew = await start();
    expect(isNew).toMatchObject({
      code: 1,
      err: expect.stringContaining('as --after-checkpoint says, but its store is new'),
    });
  });
});
