import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  digestOf,
  encodePrivateKey,
  encodeUtf8,
  generatePrivateKey,
  keyIdOf,
  parsePrivateKey,
  publicKeyOf,
} from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ends, fill, listen, release, type Source, startSource } from './import-source.ts';
import { describeWithPostgres, startPostgres } from './postgres-server.ts';
import { privateRegistry } from './private-registry.ts';
import { testPackage } from './publisher.ts';
import { freePort, PROGRAM, programEnvironment, startServer } from './server-process.ts';

let dir: string;
let source: Source;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-import-'));
  const key = generatePrivateKey();
  await writeFile(join(dir, 'operator.key'), encodePrivateKey(key));
  await writeFile(join(dir, 'other.key'), encodePrivateKey(generatePrivateKey()));
  source = await startSource(key, ends);
  await fill(source);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

/** Runs the command to its end. */
const runImport = (...args: readonly string[]) =>
  runProgram('import', ...args, '--data-dir', join(dir, 'data'));

async function runProgram(...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: programEnvironment({}) });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part) => {
    text.out += part;
  });
  child.stderr.on('data', (part) => {
    text.err += part;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, ...text };
}

const operatorKeyIn = async (name: string) =>
  parsePrivateKey((await readFile(join(dir, name), 'utf8')).trim());

const keyFile = (name: string) => ['--operator-key-file', join(dir, name)];

async function serve(...args: readonly string[]) {
  const all = [...keyFile('operator.key'), '--data-dir', join(dir, 'data'), ...args];
  const server = await startServer(await freePort(), all);
  ends.push(() => server.kill());
  return server;
}

describe('warg-server import', () => {
  it('takes over a private registry by a token that reads everything, and needs one', async () => {
    const hosted = await privateRegistry({ operatorKey: await operatorKeyIn('operator.key') });
    ends.push(() => hosted.close());
    const all = await hosted.addToken();
    const a = testPackage('ours:a');
    const content = digestOf(encodeUtf8('the content'));
    await hosted.publish(all, a.init());
    await hosted.publish(all, a.release('1.0.0', content), { [content]: 'the content' });
    const asked: [string, boolean][] = [];
    const url = await listen((request) => {
      const { pathname } = new URL(request.url);
      asked.push([pathname, request.headers.has('authorization')]);
      return hosted.registry.fetch(request);
    }, ends);
    const options = [...keyFile('operator.key'), '--json'];
    const without = await runImport(url, ...options);
    expect(without).toMatchObject({ code: 1, err: expect.stringContaining('needs a token') });
    const reader = await hosted.addToken({ scope: 'read', namespaces: ['ours'] });
    await writeFile(join(dir, 'token'), reader.text);
    const some = await runImport(url, ...options, '--token-file', join(dir, 'token'));
    expect(some).toMatchObject({ code: 1, err: expect.stringContaining('all namespaces') });
    await writeFile(join(dir, 'token'), `${(await hosted.addToken({ scope: 'read' })).text}\n`);
    asked.length = 0;
    const whole = await runImport(url, ...options, '--token-file', join(dir, 'token'));
    expect(whole.code).toBe(0);
    expect(JSON.parse(whole.out)).toMatchObject({ to: 3, contents: { fetched: 1, missing: 0 } });
    for (const [path, isAuthorized] of asked)
      expect([path, isAuthorized]).toEqual([path, path.startsWith('/v1/')]);
    const elsewhere = 'http://registry.example';
    const open = await runImport(elsewhere, ...options, '--token-file', join(dir, 'token'));
    expect(open).toMatchObject({ code: 2, err: expect.stringContaining('use https') });
  });

  it('fills a data folder, on which a server starts, and says what it did', async () => {
    const { code, out } = await runImport(source.url, ...keyFile('operator.key'), '--json');
    const checkpoint = await source.checkpoint();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      source: source.url,
      from: 0,
      to: 9,
      operator: {
        firstRecord: expect.stringMatching(/^sha256:/),
        firstKey: checkpoint.keyId,
        keys: [{ keyId: checkpoint.keyId, permissions: ['commit', 'defineNamespace', 'importNamespace'] }],
      },
      checkpoint,
      contents: { fetched: 4, bytes: 48, present: 0, missing: 0 },
    });
    const again = await runImport(source.url, ...keyFile('operator.key'));
    expect(again.out).toMatch(
      /nothing new: .* has the 9 records[\s\S]*0 fetched \(0 bytes\), 4 were here already/,
    );

    const server = await serve();
    expect(await (await fetch(`${server.url}/v1/fetch/checkpoint`)).json()).toMatchObject({
      contents: { ...checkpoint.contents, timestamp: expect.any(Number) },
    });
    const running = await runImport(source.url, ...keyFile('operator.key'));
    expect(running).toMatchObject({ code: 1, err: expect.stringContaining('--data-dir') });
  });

  it('asks by which key the log was begun, if it was another one', async () => {
    const ours = await runImport(source.url, ...keyFile('operator.key'), '--json');
    const { firstRecord, firstKey } = JSON.parse(ours.out).operator;
    const server = await serve();
    const other = await operatorKeyIn('other.key');
    const data = ['--data-dir', join(dir, 'data')];
    const added = await runProgram(
      'operator',
      'add-key',
      publicKeyOf(other),
      ...keyFile('operator.key'),
      ...data,
    );
    expect(added).toMatchObject({ code: 0 });
    const shown = await runProgram('operator', 'show', '--json', ...data);
    expect(JSON.parse(shown.out).first).toEqual({ recordId: firstRecord, keyId: firstKey });
    const into = ['--data-dir', join(dir, 'new')];
    const import_ = (...more: string[]) =>
      runProgram('import', server.url, ...keyFile('other.key'), ...into, '--no-content', ...more);
    const refused = await import_();
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(`begins with the record ${firstRecord}, signed by the key ${firstKey}`);
    expect(refused.err).toContain(
      `${keyIdOf(publicKeyOf(other))} (commit, defineNamespace, importNamespace)`,
    );
    expect(refused.err).toContain('--operator-log');
    expect(await import_('--operator-log', 'sha256:12')).toMatchObject({ code: 2 });
    expect(await import_('--operator-log', keyIdOf(publicKeyOf(other)))).toMatchObject({ code: 1 });
    const done = await import_('--operator-log', firstRecord);
    expect(done).toMatchObject({
      code: 0,
      out: expect.stringContaining(`the log begins with ${firstRecord}`),
    });
    expect(await import_()).toMatchObject({ code: 0, out: expect.stringContaining('nothing new') });
  });

  it('keeps a copy for whoever has the public key alone, which goes on and is refused nothing but another history', async () => {
    const publicKey = publicKeyOf(await operatorKeyIn('operator.key'));
    const copy = (url = source.url, ...more: string[]) =>
      runImport(url, '--operator-public-key', publicKey, ...more);
    const first = await copy();
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringMatching(/imported 9 records[\s\S]*4 fetched/),
    });
    expect(first.out).not.toContain('this registry goes on with');
    const late = testPackage('test:late');
    await source.call.settle(late.init());
    await release(source, late, '1.0.0');
    expect((await copy()).out).toContain('imported 2 records');
    expect(await runProgram('fsck', '--data-dir', join(dir, 'data'))).toMatchObject({ code: 0 });

    // One key, two histories.
    const forked = await startSource(await operatorKeyIn('operator.key'), ends);
    await fill(forked);
    const other = testPackage('test:other');
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) {
      if (version === '1.0.0') await forked.call.settle(other.init());
      await release(forked, other, version);
    }
    const refused = await copy(forked.url, '--json');
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining('the store holds another history'),
    });
    expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'IMPORT_OTHER_HISTORY' } });
    expect((await copy()).out).toContain('nothing new');
  });

  it('makes no registry of a copy whose private key is not there', async () => {
    const publicKey = publicKeyOf(await operatorKeyIn('operator.key'));
    const named = ['--operator-public-key', publicKey];
    expect(await runImport(source.url, ...named)).toMatchObject({ code: 0 });
    const start = (...more: string[]) =>
      runProgram('--listen', '127.0.0.1:0', '--data-dir', join(dir, 'data'), ...more);
    expect(await start()).toMatchObject({ code: 2, err: expect.stringContaining('needs an operator key') });
    expect(await start(...named)).toMatchObject({ code: 2 });
    expect(await start('--role', 'api')).toMatchObject({ code: 2 });
    expect(await start(...keyFile('other.key'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('belongs to another operator'),
    });
    // Whoever has the key has the registry.
    const server = await serve();
    expect(await (await fetch(`${server.url}/v1/fetch/checkpoint`)).json()).toMatchObject({
      contents: { logRoot: (await source.checkpoint()).contents.logRoot },
    });

    const elsewhere = ['--data-store', 'postgres', '--database-url-file', join(dir, 'none')];
    for (const wrong of [[...keyFile('operator.key')], elsewhere, ['--operator-public-key', 'no key']]) {
      expect(await runImport(source.url, ...named, ...wrong)).toMatchObject({ code: 2, out: '' });
    }
  });

  it('says in one line why it refuses', async () => {
    const mismatch = await runImport(source.url, ...keyFile('other.key'));
    expect(mismatch).toMatchObject({ code: 1, out: '' });
    expect(mismatch.err).toMatch(
      /^error: the registry at .* belongs to another operator: expected .* found sha256:\w+\n$/,
    );
    const nobody = await runImport(`http://127.0.0.1:${await freePort()}`, ...keyFile('operator.key'));
    expect(nobody.err).toMatch(/^error: the registry at .* cannot be reached: .*ECONNREFUSED.*\n$/);
    expect(await runImport('ftp://example.test', ...keyFile('operator.key'))).toMatchObject({ code: 2 });
  });
});

describeWithPostgres('warg-server import into PostgreSQL', () => {
  it('makes the same checkpoint, on which a server starts', async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.remove());
    await writeFile(join(dir, 'url'), await postgres.createDatabase());
    const store = ['--data-store', 'postgres', '--database-url-file', join(dir, 'url')];
    const filled = await runImport(
      source.url,
      ...keyFile('operator.key'),
      ...store,
      '--database-run-migrations',
      '--json',
    );
    const checkpoint = await source.checkpoint();
    expect(JSON.parse(filled.out)).toMatchObject({ to: 9, checkpoint });
    const server = await serve(...store);
    const served = (await (await fetch(`${server.url}/v1/fetch/checkpoint`)).json()) as typeof checkpoint;
    expect(served.contents.mapRoot).toBe(checkpoint.contents.mapRoot);
  });
});
