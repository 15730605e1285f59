import { once } from 'node:events';
import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { digestOf, encodeUtf8, keyIdOf, publicKeyOf } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../test/publisher.ts';
import { type Body, callerOf } from '../../test/registry-caller.ts';
import { programsInFolder, secret } from '../../test/started-programs.ts';
import { coreModule } from '../../test/wasm-samples.ts';

const programs = programsInFolder();
const { start, until, serve } = programs;

function callerAt(url: string) {
  return callerOf((request) => {
    const { pathname } = new URL(request.url);
    return fetch(`${url}${pathname}`, new Request(request, { keepalive: false }));
  });
}

describe('warg-server', () => {
  it('publishes, stops when it is told to, and has everything when it starts again', async () => {
    const first = await serve();
    const call = callerAt(first.url);
    const pkg = testPackage('test:hello');
    await call.settle(pkg.init());
    const release = pkg.release('1.0.0', digestNamed('content'));
    await call.publish(release);
    expect((await call.upload(release, digestNamed('content'), encodeUtf8('content') as never)).status).toBe(
      201,
    );
    await call.settle(release);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = await serve();
    const again = callerAt(second.url);
    expect(await again.settle(release)).toMatchObject({ state: 'published', registryIndex: 2 });
    const sources = (await again.get(paths.content(digestNamed('content')))).text;
    expect(sources).toContain(`${second.url}/content/sha256-`);
    expect((await again.get(`content/${digestNamed('content').replace(':', '-')}`)).text).toBe('content');
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  it('clears away an upload in whose middle it was killed, and takes it again', async () => {
    const tmp = join(programs.dir, 'data', 'content', 'tmp');
    const first = await serve();
    const pkg = testPackage('test:hello');
    const release = [pkg.init(), pkg.release('1.0.0', digestNamed('content'))] as const;
    await callerAt(first.url).settle(release[0]);
    await callerAt(first.url).publish(release[1]);
    const { hostname, port } = new URL(first.url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    const path = paths.recordContent(release[1].logId, release[1].recordId, digestNamed('content'));
    socket.write(`POST /${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ncont`);
    while ((await readdir(tmp)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    first.child.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const [left, ...others] = await readdir(tmp);
    expect(others).toEqual([]);
    // As if nobody had touched it for an hour: until then it may be another process's.
    const then = new Date(Date.now() - 61 * 60_000);
    await utimes(join(tmp, left!), then, then);

    const call = callerAt((await serve()).url);
    expect(await readdir(tmp)).toEqual([]);
    const upload = await call.upload(release[1], digestNamed('content'), 'content');
    expect(upload.status).toBe(201);
    expect(await call.settle(release[1])).toMatchObject({ state: 'published' });
  });

  it('keeps its files to itself, where it was told to', async () => {
    const { child, ended } = await serve(['--content-dir', 'elsewhere']);
    for (const [path, mode] of [
      ['data', 0o700],
      ['elsewhere', 0o700],
      ['data/registry.db', 0o600],
    ] as const) {
      expect([path, (await stat(join(programs.dir, path))).mode & 0o777]).toEqual([path, mode]);
    }
    expect((await readdir(join(programs.dir, 'elsewhere'))).sort()).toEqual(['files', 'tmp']);
    child.kill('SIGTERM');
    await ended;
  });

  it('keeps nothing in the memory store', async () => {
    const { child, ended } = await serve(['--data-store', 'memory']);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await readdir(programs.dir)).toEqual([]);
  });

  it('uses the data folder of the platform, and the options of the environment', async () => {
    const { url, child, ended } = await serve([], {
      WARG_DATA_DIR: '',
      XDG_DATA_HOME: programs.dir,
      WARG_PUBLIC_URL: 'https://a.example',
    });
    if (process.platform === 'linux')
      expect(await readdir(join(programs.dir, 'warg-server'))).toContain('registry.db');
    expect(await (await fetch(`${url}/.well-known/wasm-pkg/registry.json`)).json()).toMatchObject({
      wargUrl: 'https://a.example',
    });
    child.kill('SIGTERM');
    await ended;
  });

  it('lets only authorized keys publish if it is told which', async () => {
    const [mine, theirs] = [testPackage('test:mine'), testPackage('test:theirs')];
    await writeFile(
      join(programs.dir, 'keys.toml'),
      `[namespace.test]\nkeys = ["${keyIdOf(publicKeyOf(mine.key))}"]\n`,
    );
    const { url } = await serve(['--authorized-keys-file', 'keys.toml']);
    const call = callerAt(url);
    expect((await call.publish(mine.init())).status).toBe(202);
    expect((await call.publish(theirs.init())).status).toBe(401);
  });

  it('takes only the kinds of content that it is told', async () => {
    const { url } = await serve(['--content-kind', 'component,wit-package']);
    const call = callerAt(url);
    const component = coreModule.with(4, 0x0d).with(6, 1);
    for (const [name, bytes, status] of [
      ['test:module', coreModule, 422],
      ['test:component', component, 201],
    ] as const) {
      const pkg = testPackage(name);
      const record = pkg.init(releaseEntry('1.0.0', digestOf(bytes)));
      expect((await call.publish(record)).status).toBe(202);
      expect((await call.upload(record, digestOf(bytes), bytes as Body)).status).toBe(status);
    }
  });

  it('never says its key, however talkative it is', async () => {
    const program = await serve(['-vv', '--operator-key', secret], { WARG_OPERATOR_KEY: '' });
    await fetch(`${program.url}/v1/fetch/checkpoint`, { headers: { authorization: 'Bearer token-of-mine' } });
    await until(program, () => program.err().includes('"answered"'));
    program.child.kill('SIGTERM');
    await program.ended;
    const said = program.out() + program.err();
    expect(said).toContain('stands on the command line');
    expect(said).not.toContain(secret.slice(20));
    expect(said).not.toContain('token-of-mine');
  });

  /** Sends half a request and waits until the server reads its body. */
  async function beginRequest(
    url: string,
  ): Promise<{ readonly socket: Socket; readonly answer: () => string }> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write('POST /v1/fetch/names HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
    socket.write('Content-Length: 15\r\nExpect: 100-continue\r\n\r\n{');
    await once(socket, 'data');
    expect(answer).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    return { socket, answer: () => answer };
  }

  it('ends at once at a second signal', async () => {
    const program = await serve();
    const { socket } = await beginRequest(program.url);
    program.child.kill('SIGINT');
    await until(program, () => program.err().includes('shutting down'));
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(130);
    socket.destroy();
  });

  it('finishes what was asked before it ends', async () => {
    const program = await serve();
    const { socket, answer } = await beginRequest(program.url);
    program.child.kill('SIGTERM');
    await until(program, () => program.err().includes('shutting down'));
    socket.write('"packages":[]}');
    await once(socket, 'close');
    expect(answer()).toMatch(/HTTP\/1.1 200 OK\r\n.*{"packages":{}}$/s);
    expect(await program.ended).toBe(0);
  });
});

describe('help', () => {
  it('names every option and its variable', async () => {
    const program = start(['--help'], { COLUMNS: '200' });
    expect(await program.ended).toBe(0);
    for (const name of [
      'LISTEN',
      'CONTENT_DIR',
      'CONTENT_STORE',
      'CONTENT_STORE_ENDPOINT',
      'CONTENT_REDIRECT',
      'CONTENT_BASE_URL',
      'DATA_STORE',
      'DATA_DIR',
      'DATABASE_URL',
      'DATABASE_URL_FILE',
      'PUBLIC_URL',
      'OPERATOR_KEY',
      'OPERATOR_KEY_FILE',
      'LOG_KEY_FILE',
      'LOG_ORIGIN',
      'PROOF_RETENTION',
      'NAMESPACE',
      'AUTHORIZED_KEYS_FILE',
      'VERBOSE',
    ]) {
      expect(program.out()).toContain(`WARG_${name}`);
      expect(program.out()).toContain(`--${name.toLowerCase().replaceAll('_', '-')}`);
    }
  });

  it('says its version', async () => {
    const program = start(['--version']);
    expect(await program.ended).toBe(0);
    expect(program.out()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
