import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { decodeApiError, paths } from '@warg/protocol/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { digestNamed, releaseEntry, type TestPackage, testPackage } from './publisher.ts';
import { callerOf } from './registry-caller.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from './server-process.ts';

const oldKey = generatePrivateKey();
const newKey = generatePrivateKey();
const idOf = (key: PrivateKey) => keyIdOf(publicKeyOf(key));

let dir: string;
const servers: ServerProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-administration-'));
  await writeFile(join(dir, 'old.key'), encodePrivateKey(oldKey));
  await writeFile(join(dir, 'new.key'), encodePrivateKey(newKey));
  await copyFile(join(dir, 'old.key'), join(dir, 'operator.key'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
  await rm(dir, { recursive: true });
});

async function serve(store: readonly string[], ...more: readonly string[]): Promise<ServerProcess> {
  const args = ['--operator-key-file', join(dir, 'operator.key'), '--namespace', 'test', ...store, ...more];
  const server = await startServer(await freePort(), args);
  servers.push(server);
  return server;
}

/** Runs a command of the program to its end. */
async function admin(...args: readonly string[]) {
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

async function must(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await admin(...args);
  if (code !== 0) throw new Error(`ended with ${code}: ${err}`);
  return out;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUp = performance.now() + 60_000; !(await isTrue()); ) {
    if (performance.now() > giveUp) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const callerAt = ({ url }: ServerProcess) =>
  callerOf((request) => fetch(`${url}${new URL(request.url).pathname}`, request));

async function signerOf({ url }: ServerProcess): Promise<string> {
  return ((await (await fetch(`${url}/v1/fetch/checkpoint`)).json()) as { keyId: string }).keyId;
}

async function wellKnown({ url }: ServerProcess): Promise<string> {
  return (await fetch(`${url}/.well-known/wasm-pkg/registry.json`)).text();
}

function operatorTests(storeOptions: () => Promise<readonly string[]>): void {
  let store: readonly string[];
  beforeEach(async () => {
    store = await storeOptions();
  });
  /** The options of a command; those of a server have one more. */
  const signedBy = (file: string) => [...store, '--operator-key-file', join(dir, file)];

  it('goes on with another key while it runs', async () => {
    const server = await serve(
      store,
      '--database-run-migrations',
      '--public-url',
      'https://registry.example',
    );
    const call = callerAt(server);
    const pkg: TestPackage = testPackage('test:a');
    await call.settle(pkg.init());

    const added = await must('operator', 'add-key', publicKeyOf(newKey), ...signedBy('old.key'));
    expect(added).toContain(`${idOf(newKey)} may now: commit, define-namespace, import-namespace`);

    const early = await admin('operator', 'revoke-key', idOf(oldKey), ...signedBy('new.key'));
    expect(early).toMatchObject({ code: 1, err: expect.stringContaining('sign with another key') });

    await copyFile(join(dir, 'new.key'), join(dir, 'operator.key'));
    server.signal('SIGHUP');
    await until(async () => (await signerOf(server)) === idOf(newKey));
    await until(async () => (await wellKnown(server)).includes(publicKeyOf(newKey)));

    const json = async (...args: string[]): Promise<object> =>
      JSON.parse(await must('operator', ...args, ...signedBy('new.key'), '--json'));
    const record = { recordId: expect.stringMatching(/^sha256:/), registryIndex: expect.any(Number) };
    expect(await json('revoke-key', idOf(oldKey))).toEqual({
      ...record,
      keyId: idOf(oldKey),
      permissions: ['commit', 'defineNamespace', 'importNamespace'],
    });
    expect(await json('define-namespace', 'more', 'another')).toEqual({
      ...record,
      namespaces: [{ namespace: 'more' }, { namespace: 'another' }],
    });
    expect(await json('import-namespace', 'far=far.example')).toEqual({
      ...record,
      namespaces: [{ namespace: 'far', registry: 'far.example' }],
    });
    expect(await call.settle(testPackage('more:b').init())).toMatchObject({ state: 'published' });

    const shown = JSON.parse(await must('operator', 'show', '--json', ...store));
    expect(shown).toMatchObject({
      records: 5,
      waiting: 0,
      checkpoint: { keyId: idOf(newKey) },
      keys: expect.arrayContaining([
        { keyId: idOf(oldKey), publicKey: publicKeyOf(oldKey), permissions: [], signs: false },
        expect.objectContaining({ keyId: idOf(newKey), signs: true }),
      ]),
      namespaces: expect.arrayContaining([
        { namespace: 'test', state: 'defined' },
        { namespace: 'far', state: 'imported', registry: 'far.example' },
      ]),
    });
    expect(await must('operator', 'show', ...store)).toContain(`${idOf(oldKey)}  revoked`);
    const audit = JSON.parse(await must('audit', '--json', ...store));
    expect(audit.map(({ action }: { action: string }) => action)).toEqual([
      'operator.add-key',
      'operator.revoke-key',
      'operator.define-namespace',
      'operator.import-namespace',
    ]);
  });

  it('withdraws a content and gives it back, while its record stays provable', async () => {
    const server = await serve(
      store,
      '--database-run-migrations',
      '--public-url',
      'https://registry.example',
    );
    const call = callerAt(server);
    const pkg = testPackage('test:a');
    const [digest, other] = [digestNamed('one'), digestNamed('two')];
    await call.settle(pkg.init());
    const release = pkg.release('1.0.0', digest);
    await call.publish(release);
    expect((await call.upload(release, digest, 'one')).status).toBe(201);
    await until(async () => (await call.get(paths.content(digest))).status === 200);

    const out = await must('content', 'withdraw', digest, '--reason', 'court order 7', ...store);
    expect(out).toBe(`withdrawn: ${digest}\n`);
    for (const path of [paths.content(digest), `content/${digest.replace(':', '-')}`]) {
      const answer = await call.get(path);
      expect(answer.status).toBe(451);
      expect(answer.headers.get('link')).toBe('<https://registry.example>; rel="blocked-by"');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(decodeApiError(451, answer.text, 'content').case).toEqual({
        variant: 'ContentWithdrawn',
        id: digest,
        reason: 'court order 7',
      });
    }
    // No record may bring it again, under whatever name; nor may an upload that was expected already.
    const again = await call.publish(testPackage('test:b').init(releaseEntry('1.0.0', digest)));
    expect(again).toMatchObject({ status: 422, text: expect.stringContaining('court order 7') });
    const waiting = pkg.release('2.0.0', other);
    expect((await call.publish(waiting)).status).toBe(202);
    expect(await must('content', 'withdraw', other, '--reason', 'order 8', ...store)).toContain(
      'no published record names it',
    );
    expect((await call.upload(waiting, other, 'two')).status).toBe(451);
    const status = await call.get(paths.record(release.logId, release.recordId));
    expect(status.json()).toMatchObject({ state: 'published' });

    const listed = JSON.parse(await must('content', 'list-withdrawn', '--json', ...store));
    expect(
      new Map(listed.map((each: { digest: string; reason: string }) => [each.digest, each.reason])),
    ).toEqual(
      new Map([
        [digest, 'court order 7'],
        [other, 'order 8'],
      ]),
    );
    await must('content', 'restore', digest, ...store);
    expect((await call.get(paths.content(digest))).status).toBe(200);
    const twice = await admin('content', 'restore', digest, ...store);
    expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('is not withdrawn') });
    expect(JSON.parse(await must('audit', '--json', ...store))).toMatchObject([
      { action: 'content.withdraw', details: { digest, reason: 'court order 7' } },
      { action: 'content.withdraw', details: { digest: other } },
      { action: 'content.restore', details: { digest } },
    ]);
  });

  it('keeps its key if the file holds one that may not sign, or none', async () => {
    const server = await serve(store, '--database-run-migrations');
    await copyFile(join(dir, 'new.key'), join(dir, 'operator.key'));
    server.signal('SIGHUP');
    await until(() => server.output().includes('may not sign checkpoints here'));
    await writeFile(join(dir, 'operator.key'), 'nonsense');
    server.signal('SIGHUP');
    await until(() => server.output().includes('holds no operator key'));
    expect(await signerOf(server)).toBe(idOf(oldKey));
    expect(await callerAt(server).settle(testPackage('test:a').init())).toMatchObject({ state: 'published' });
  });
}

describe('warg-server operator, beside a server on SQLite', () => {
  const sqlite = async () => ['--data-dir', join(dir, 'data')];
  operatorTests(sqlite);

  it('deletes the bytes of a content that it withdraws, if it is told to', async () => {
    const store = await sqlite();
    const server = await serve(store);
    const call = callerAt(server);
    const pkg = testPackage('test:a');
    const digest = digestNamed('one');
    await call.settle(pkg.init());
    const release = pkg.release('1.0.0', digest);
    await call.publish(release);
    await call.upload(release, digest, 'one');
    // The server has seen it, and need not look again.
    const seen = pkg.release('1.0.1', digest);
    expect(await call.settle(seen)).toMatchObject({ state: 'published' });
    const files = async () =>
      (await readdir(join(dir, 'data', 'content'), { recursive: true })).filter((name) =>
        name.includes(digest.slice(20)),
      );
    expect(await files()).toHaveLength(1);
    const out = await must('content', 'withdraw', digest, '--reason', 'order 7', '--delete', ...store);
    expect(out).toContain('its bytes are deleted');
    expect(await files()).toEqual([]);
    expect((await call.get(paths.content(digest))).status).toBe(451);
    // Given back, there is nothing to hand out until somebody brings it again, with a record of their own.
    await must('content', 'restore', digest, ...store);
    expect((await call.get(paths.content(digest))).status).toBe(404);
    const again = pkg.release('1.0.2', digest);
    expect((await call.publish(again)).json()).toMatchObject({ state: 'sourcing' });
    expect((await call.upload(again, digest, 'one')).status).toBe(201);
    expect((await call.get(paths.content(digest))).status).toBe(200);
  });

  it('publishes its records itself where no server runs', async () => {
    const server = await serve(await sqlite());
    await server.kill();
    const options = ['--data-dir', join(dir, 'data'), '--operator-key-file'];
    await must('operator', 'add-key', publicKeyOf(newKey), ...options, join(dir, 'old.key'));
    // With the new key: that signs the checkpoint, so the old one is not in use any more.
    await must('operator', 'revoke-key', idOf(oldKey), ...options, join(dir, 'new.key'));
    const last = await admin('operator', 'revoke-key', idOf(newKey), ...options, join(dir, 'new.key'));
    expect(last).toMatchObject({ code: 1, err: expect.stringContaining('the last one that may sign') });
    await expect(serve(await sqlite())).rejects.toThrow(/may not sign checkpoints here/);
    await copyFile(join(dir, 'new.key'), join(dir, 'operator.key'));
    expect(await signerOf(await serve(await sqlite()))).toBe(idOf(newKey));
  });

  it('reads the authorized keys again when they change, and keeps them if they cannot be read', async () => {
    const [mine, theirs] = [testPackage('test:mine'), testPackage('test:theirs')];
    const file = join(dir, 'keys.toml');
    const allow = (...packages: readonly TestPackage[]) =>
      writeFile(file, `[namespace.test]\nkeys = ${JSON.stringify(packages.map(({ key }) => idOf(key)))}\n`);
    await allow(mine);
    const server = await serve(await sqlite(), '--authorized-keys-file', file);
    const call = callerAt(server);
    const init = theirs.init();
    expect((await call.publish(init)).status).toBe(401);
    await writeFile(file, '[namespace');
    await until(() => server.output().includes('the authorized keys stay as they were'));
    expect((await call.publish(mine.init())).status).toBe(202);
    // Seen without a signal, too.
    await allow(mine, theirs);
    await until(async () => (await call.publish(init)).status === 202);
    await allow();
    server.signal('SIGHUP');
    await until(async () => (await call.publish(testPackage('test:more', theirs).init())).status === 401);
  });

  it('says what it expects, and never repeats a private key', async () => {
    const data = ['--data-dir', join(dir, 'data')];
    const secret = encodePrivateKey(newKey);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['content', 'withdraw', 'x', '--reason', 'y', ...data], 2, /Expected the digest/],
      [['content', 'withdraw', digestNamed('x'), ...data], 2, /required option '--reason/],
      [['content', 'withdraw', digestNamed('x'), '--reason', 'a\nb', ...data], 2, /Expected one line/],
      [['operator', 'add-key', secret], 2, /Expected a public key/],
      [['operator', 'add-key', publicKeyOf(newKey), '--permission', 'everything'], 2, /Expected commit/],
      [['operator', 'revoke-key', publicKeyOf(newKey)], 2, /Expected a key id/],
      [['operator', 'define-namespace', 'Not_One', ...data], 2, /kebab case/],
      [['operator', 'import-namespace', 'wasi', ...data], 2, /wasi=wasi.dev/],
      [['operator', 'define-namespace', 'one', ...data], 2, /needs an operator key/],
      [['operator', 'show', ...data], 1, /there is no registry in/],
    ];
    for (const [args, code, message] of cases) {
      const found = await admin(...args);
      expect(found).toMatchObject({ code, err: expect.stringMatching(message) });
      expect(found.out + found.err).not.toContain(secret);
    }
  });
});

describeWithPostgres('warg-server operator, beside a server on PostgreSQL', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.remove());
  const database = async () => [
    '--data-store',
    'postgres',
    '--database-url',
    await postgres.createDatabase(),
  ];
  operatorTests(async () => [...(await database()), '--data-dir', join(dir, 'data')]);

  it('is followed by several servers; one that was left out gives way to those with the new key', async () => {
    const store = [...(await database()), '--data-dir', join(dir, 'data')];
    const forgotten = await serve([...store, '--database-run-migrations']);
    const signedBy = (file: string) => [...store, '--operator-key-file', join(dir, file)];
    await must('operator', 'add-key', publicKeyOf(newKey), ...signedBy('old.key'));
    await copyFile(join(dir, 'new.key'), join(dir, 'operator.key'));
    const second = await serve(store);
    // The one that sequences still signs with the old key, which cannot be revoked until it gives way.
    const early = await admin('operator', 'revoke-key', idOf(oldKey), ...signedBy('new.key'));
    expect(early).toMatchObject({ code: 1, err: expect.stringContaining('sign with another key') });
    forgotten.signal('SIGSTOP');
    const pkg = testPackage('test:a');
    expect(await callerAt(second).settle(pkg.init())).toMatchObject({ state: 'published' });
    await must('operator', 'revoke-key', idOf(oldKey), ...signedBy('new.key'));
    forgotten.signal('SIGCONT');
    await second.kill();
    // It gets the lease, may not sign, and gives it back: whoever comes with the new key goes on.
    await until(() => forgotten.output().includes('leaves it to another'));
    const third = await serve(store);
    expect(await callerAt(third).settle(pkg.release('1.0.0'))).toMatchObject({ state: expect.any(String) });
    expect(await callerAt(third).settle(testPackage('test:b').init())).toMatchObject({ state: 'published' });
    expect(await signerOf(third)).toBe(idOf(newKey));
    // With the new key, the one that was left out is one of them again.
    forgotten.signal('SIGHUP');
    await until(() => forgotten.output().includes('the registry signs with another key'));
    await third.kill();
    expect(await callerAt(forgotten).settle(testPackage('test:c').init())).toMatchObject({
      state: 'published',
    });
  });
});
