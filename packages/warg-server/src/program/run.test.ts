import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  digestOf,
  encodePrivateKey,
  encodeUtf8,
  generatePrivateKey,
  keyIdOf,
  parsePrivateKey,
  publicKeyOf,
} from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../test/publisher.ts';
import { type Body, callerOf } from '../../test/registry-caller.ts';
import { coreModule } from '../../test/wasm-samples.ts';
import { generateLogKey, parseLogKey } from '../log-note/log-key.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const operatorKey = generatePrivateKey();
const secret = encodePrivateKey(operatorKey);
let dir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-program-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  await rm(dir, { recursive: true, force: true });
});

interface Program {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts the program with nothing in its environment but what is given and a home in the temporary folder. */
function start(args: readonly string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.err += chunk;
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  return { child, out: () => text.out, err: () => text.err, ended };
}

async function until(program: Program, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    if (program.child.exitCode !== null) throw new Error(`it ended: ${program.err()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const listening = /^listening on (http:\/\/\S+)\n$/;

/** Starts a server on a free port and waits until it listens. */
async function serve(
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Program & { url: string }> {
  const program = start(['--listen', '127.0.0.1:0', '--namespace', 'test', ...args], {
    WARG_OPERATOR_KEY: secret,
    WARG_DATA_DIR: join(dir, 'data'),
    ...env,
  });
  await until(program, () => listening.test(program.out()));
  return { ...program, url: listening.exec(program.out())?.[1] ?? '' };
}

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
    const tmp = join(dir, 'data', 'content', 'tmp');
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
    expect(await readdir(tmp)).toHaveLength(1);

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
      expect([path, (await stat(join(dir, path))).mode & 0o777]).toEqual([path, mode]);
    }
    expect((await readdir(join(dir, 'elsewhere'))).sort()).toEqual(['files', 'tmp']);
    child.kill('SIGTERM');
    await ended;
  });

  it('keeps nothing in the memory store', async () => {
    const { child, ended } = await serve(['--data-store', 'memory']);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await readdir(dir)).toEqual([]);
  });

  it('uses the data folder of the platform, and the options of the environment', async () => {
    const { url, child, ended } = await serve([], {
      WARG_DATA_DIR: '',
      XDG_DATA_HOME: dir,
      WARG_PUBLIC_URL: 'https://a.example',
    });
    if (process.platform === 'linux')
      expect(await readdir(join(dir, 'warg-server'))).toContain('registry.db');
    expect(await (await fetch(`${url}/.well-known/wasm-pkg/registry.json`)).json()).toMatchObject({
      wargUrl: 'https://a.example',
    });
    child.kill('SIGTERM');
    await ended;
  });

  it('lets only authorized keys publish if it is told which', async () => {
    const [mine, theirs] = [testPackage('test:mine'), testPackage('test:theirs')];
    await writeFile(
      join(dir, 'keys.toml'),
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

describe('what cannot be', () => {
  const run = async (args: readonly string[], env?: Record<string, string>) => {
    const program = start(args, env);
    return { code: await program.ended, ...{ out: program.out(), err: program.err() } };
  };

  it('explains how to make a key when there is none', async () => {
    const { code, err } = await run([]);
    expect(code).toBe(2);
    expect(err).toContain('warg-server key new --output operator.key');
  });

  it.each([
    [['--operator-key', secret, '--operator-key-file', 'k'], {}, /cannot be used with/],
    [['--operator-key-file', 'k'], { WARG_OPERATOR_KEY: secret }, /cannot be used with/],
    [['--listen', 'here'], {}, /Expected an address and a port/],
    [[], { WARG_LISTEN: 'here' }, /WARG_LISTEN.*Expected an address/],
    [['--data-store', 'paper'], {}, /Allowed choices are sqlite, postgres, memory/],
    [['--database-url', 'postgres://h/d', '--database-url-file', 'f'], {}, /cannot be used with/],
    [['--data-store', 'postgres'], { WARG_OPERATOR_KEY: secret }, /--database-url-file.*WARG_DATABASE_URL/],
    [
      ['--data-store', 'postgres'],
      { WARG_OPERATOR_KEY: secret, WARG_DATABASE_URL: `mysql://warg:${secret}@h/d` },
      /expected one such as postgres:/,
    ],
    [['--namespace', 'Not_One'], {}, /kebab case/],
    [['--public-url', 'registry.example'], {}, /absolute http/],
    [['--nonsense'], {}, /unknown option/],
    [['nonsense'], {}, /unknown command|too many arguments/],
    [[`--operatorkey=${secret}`], {}, /unknown option '--operatorkey=ecdsa-p256:\[redacted\]'/],
    [[secret], {}, /too many arguments/],
  ])('refuses %j with %j', async (args, env, message) => {
    const { code, err } = await run(args, env);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toContain(secret);
  });

  it.each([
    ['a key file that is not there', ['--operator-key-file', 'none'], {}, /`none` \(ENOENT\)/],
    ['a key that is none', [], { WARG_OPERATOR_KEY: 'ecdsa-p256:topsecret' }, /holds no operator key/],
    [
      'authorized keys that are not there',
      ['--authorized-keys-file', 'none'],
      { WARG_OPERATOR_KEY: secret },
      /`none`/,
    ],
    [
      'a database URL file that is not there',
      ['--data-store', 'postgres', '--database-url-file', 'none'],
      { WARG_OPERATOR_KEY: secret },
      /`none` \(ENOENT\)/,
    ],
    [
      'a database that is not there',
      ['--data-store', 'postgres', '--content-dir', 'content'],
      { WARG_OPERATOR_KEY: secret, WARG_DATABASE_URL: 'postgres://warg:topsecret@127.0.0.1:1/registry' },
      /postgres:\/\/127.0.0.1:1\/registry.*ECONNREFUSED.*--database-url/,
    ],
    [
      'a data folder that is a file',
      ['--data-dir', main],
      { WARG_OPERATOR_KEY: secret },
      /cannot write in the folder.*--data-dir/,
    ],
    [
      'an address of another machine',
      ['--listen', '192.0.2.1:0', '--data-store', 'memory'],
      { WARG_OPERATOR_KEY: secret },
      /no such address/,
    ],
  ])('says one line about %s', async (_, args, env, message) => {
    const { code, err } = await run(args, env);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at |topsecret/);
  });

  it('says so when the port is taken, the store is in use, or the key is another', async () => {
    const { url, child, ended } = await serve();
    const env = { WARG_OPERATOR_KEY: secret };
    const port = await run(['--listen', new URL(url).host, '--data-store', 'memory'], env);
    expect(port).toMatchObject({ code: 1, err: expect.stringContaining('another program does') });
    const store = await run(['--listen', '127.0.0.1:0', '--data-dir', 'data'], env);
    expect(store).toMatchObject({
      code: 1,
      err: expect.stringMatching(/in use by another warg-server.*--data-dir/),
    });
    child.kill('SIGTERM');
    await ended;
    const other = { WARG_OPERATOR_KEY: encodePrivateKey(generatePrivateKey()) };
    const key = await run(['--listen', '127.0.0.1:0', '--data-dir', 'data'], other);
    expect(key).toMatchObject({
      code: 1,
      err: expect.stringMatching(/belongs to another operator.*--data-dir/),
    });
    for (const { err } of [port, store, key]) expect(err).not.toMatch(/\n {4}at /);
  });
});

describe('warg-server key new', () => {
  it('writes a key to a new file for its owner alone, and never over another', async () => {
    const program = start(['key', 'new', '--output', 'operator.key']);
    expect(await program.ended).toBe(0);
    const file = join(dir, 'operator.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    const publicKey = publicKeyOf(parsePrivateKey(text.trim()));
    expect(program.out()).toContain(publicKey);
    expect(program.out()).toContain(keyIdOf(publicKey));
    expect(program.out()).not.toContain(text.trim());
    const again = start(['key', 'new', '--output', 'operator.key']);
    expect(await again.ended).toBe(1);
    expect(again.err()).toContain('never replaced');
    expect(await readFile(file, 'utf8')).toBe(text);
    await serve(['--operator-key-file', 'operator.key'], { WARG_OPERATOR_KEY: '' });
  });

  it('makes a key of the log, under which the registry signs notes', async () => {
    const made = start(['key', 'new', '--log', 'registry.test/log', '--output', 'log.key']);
    expect(await made.ended).toBe(0);
    const secretKey = (await readFile(join(dir, 'log.key'), 'utf8')).trim();
    const { verifierKey } = parseLogKey(secretKey);
    expect(made.out()).toContain(`verifier key: ${verifierKey}\n`);
    expect(made.out()).not.toContain(secretKey);
    const program = await serve(['--log-key-file', 'log.key', '--log-origin', 'registry.test/log']);
    expect(await (await fetch(`${program.url}/checkpoint`)).text()).toMatch(/^registry\.test\/log\n1\n/);
    expect(program.err()).toContain(verifierKey);
    expect(program.err()).not.toContain(secretKey);
  });

  it.each([
    [['--log-origin', 'registry.test/log'], /key new --log registry\.test\/log/],
    [
      ['--log-key-file', 'log.key', '--log-origin', 'other.test/log'],
      /is that of the log `registry\.test\/log`/,
    ],
  ])('and no other: %j', async (args, expected) => {
    await writeFile(join(dir, 'log.key'), generateLogKey('registry.test/log').encode());
    const program = start(args, { WARG_OPERATOR_KEY: secret });
    expect(await program.ended).toBe(2);
    expect(program.err()).toMatch(expected);
  });

  it('prints the key where no file is named', async () => {
    const program = start(['key', 'new']);
    expect(await program.ended).toBe(0);
    const [, key = ''] = /^private key: (\S+)$/m.exec(program.out()) ?? [];
    expect(program.out()).toContain(publicKeyOf(parsePrivateKey(key)));
  });

  it('prints JSON', async () => {
    const shown = start(['key', 'new', '--json']);
    expect(await shown.ended).toBe(0);
    const { privateKey, publicKey, ...more } = JSON.parse(shown.out());
    expect(publicKey).toBe(publicKeyOf(parsePrivateKey(privateKey)));
    expect(more).toEqual({ keyId: keyIdOf(publicKey) });
    const kept = start(['key', 'new', '--log', 'registry.test/log', '--output', 'log.key', '--json']);
    expect(await kept.ended).toBe(0);
    const { verifierKey } = parseLogKey((await readFile(join(dir, 'log.key'), 'utf8')).trim());
    expect(JSON.parse(kept.out())).toEqual({ verifierKey, file: join(dir, 'log.key') });
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
