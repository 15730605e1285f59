import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestRecord, testPackage } from '../../test/publisher.ts';
import { type Body, openRegistry, type RegistryCaller } from '../../test/registry-caller.ts';
import { fileContentStore } from '../content/file-content.ts';
import type { Registry } from '../create-registry.ts';
import { type RunningServer, serve } from './node-server.ts';

const mebibyte = 2 ** 20;
let dir: string;
let registry: Registry;
let call: RegistryCaller;
let server: RunningServer;
let record: TestRecord;
const bytes = new Uint8Array(randomBytes(3 * mebibyte));
const digest: Digest = digestOf(bytes);

async function setUp(idle: number): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'warg-upload-'));
  const opened = await openRegistry({
    content: fileContentStore(dir),
    maxContentBytes: 4 * mebibyte,
    bodyTimeouts: { idle },
  });
  registry = opened;
  call = opened.call;
  server = await serve(registry, { limits: { drainTime: 50 } });
  const pkg = testPackage('test:hello');
  await call.settle(pkg.init());
  record = pkg.release('1.0.0', digest);
  await call.publish(record);
}

async function tearDown(): Promise<void> {
  await server.close();
  await registry.close();
  await rm(dir, { recursive: true, force: true });
}

beforeEach(() => setUp(60_000));
afterEach(tearDown);

const url = (): string => `${server.url}/${paths.recordContent(record.logId, record.recordId, digest)}`;

async function send(body: Body): Promise<Response> {
  return await fetch(url(), { method: 'POST', body, duplex: 'half' } as RequestInit);
}

async function filesIn(folder: 'files' | 'tmp'): Promise<string[]> {
  return await readdir(join(dir, folder));
}

/** Waits for something that another part of this process is about to do. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}

async function stateOfRecord(): Promise<unknown> {
  return (await call.get(paths.record(record.logId, record.recordId))).json()['state'];
}

/** Begins an upload by hand and waits until the server has some of it on disk. */
async function begin(head: string, part: Uint8Array | string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const { pathname } = new URL(url());
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
  socket.write(part);
  await until(async () => (await filesIn('tmp')).length === 1);
  return socket;
}

async function expectNothingLeft(): Promise<void> {
  await until(async () => (await filesIn('tmp')).length === 0);
  expect(await filesIn('files')).toEqual([]);
  expect(await stateOfRecord()).toBe('sourcing');
}

describe('an upload over a socket', () => {
  it.each([
    ['with its length', () => bytes],
    ['in chunks', () => new Blob([bytes]).stream()],
  ])('is stored when it comes %s', async (_, body) => {
    const answer = await send(body());
    expect(answer.status).toBe(201);
    expect(await stateOfRecord()).not.toBe('sourcing');
    expect(await filesIn('files')).toEqual([digest.replace(':', '-')]);
    const stored = await readFile(join(dir, 'files', digest.replace(':', '-')));
    expect(stored.equals(bytes)).toBe(true);
    expect(await filesIn('tmp')).toEqual([]);
  });

  it('leaves nothing when the connection breaks', async () => {
    const socket = await begin(`Content-Length: ${bytes.length}`, bytes.subarray(0, mebibyte));
    socket.destroy();
    await expectNothingLeft();
    expect((await send(bytes)).status).toBe(201);
  });

  it('leaves nothing when the connection is reset in the middle of a chunk', async () => {
    const socket = await begin('Transfer-Encoding: chunked', `100000\r\n${'x'.repeat(1000)}`);
    socket.resetAndDestroy();
    await expectNothingLeft();
  });

  it('leaves nothing when the client ends too early', async () => {
    const socket = await begin(`Content-Length: ${bytes.length}`, bytes.subarray(0, 1000));
    socket.end();
    await expectNothingLeft();
  });

  it('leaves nothing when the chunks are no chunks', async () => {
    const socket = await begin('Transfer-Encoding: chunked', '3\r\nabc\r\n');
    socket.write('what is this\r\n');
    await expectNothingLeft();
    socket.destroy();
  });

  it('leaves nothing when the bytes have another digest', async () => {
    const answer = await send(bytes.toReversed());
    expect(answer.status).toBe(400);
    await expectNothingLeft();
  });

  it('leaves nothing when it is too large, and is refused before it is sent', async () => {
    const large = new Uint8Array(5 * mebibyte);
    expect((await send(large)).status).toBe(413);
    await expectNothingLeft();
    const asking = httpRequest(url(), {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 5 * mebibyte },
    });
    asking.on('continue', () => asking.destroy(new Error('told to go on')));
    asking.flushHeaders();
    const [answer] = await once(asking, 'response');
    expect(answer.statusCode).toBe(413);
    asking.destroy();
  });

  it('leaves nothing when it grows too large', async () => {
    const socket = await begin('Transfer-Encoding: chunked', `${mebibyte.toString(16)}\r\n`);
    const block = new Uint8Array(mebibyte);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(block);
    for (let n = 0; n < 4; n++) {
      socket.write(`\r\n${mebibyte.toString(16)}\r\n`);
      socket.write(block);
    }
    await expectNothingLeft();
    await until(async () => answer !== '');
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it('leaves nothing when it stands still', async () => {
    await tearDown();
    await setUp(50);
    const socket = await begin(`Content-Length: ${bytes.length}`, bytes.subarray(0, 1000));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    await expectNothingLeft();
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it('may be made by several at once', async () => {
    const answers = await Promise.all([send(bytes), send(bytes), send(bytes)]);
    // Whoever comes after the record has gone on is told so.
    for (const { status } of answers) expect([201, 405]).toContain(status);
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect(await filesIn('tmp')).toEqual([]);
    expect(await filesIn('files')).toHaveLength(1);
  });
});

describe('a download over a socket', () => {
  const file = `content/${digest.replace(':', '-')}`;

  beforeEach(async () => {
    await send(bytes);
    await call.settle(record);
  });

  it('gives every byte', async () => {
    const answer = await fetch(`${server.url}/${file}`);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('gives a part', async () => {
    const answer = await fetch(`${server.url}/${file}`, { headers: { range: 'bytes=1000000-1999999' } });
    expect(answer.status).toBe(206);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(1_000_000, 2_000_000))).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')('closes the file when nobody reads on', async () => {
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await openFiles();
    for (let n = 0; n < 5; n++) {
      const controller = new AbortController();
      const answer = await fetch(`${server.url}/${file}`, { signal: controller.signal });
      await answer.body?.getReader().read();
      controller.abort();
    }
    await fetch(`${server.url}/${file}`, { method: 'HEAD' });
    // What is left are the sockets of both ends.
    await until(async () => (await openFiles()) <= before + 4);
  });
});
