import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type FetchHandler, type RunningServer, type SocketLimits, serve } from './node-server.ts';
import { bodyChunks, readBody } from './request-body.ts';

const kibibyte = 1024;
let running: RunningServer | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await running?.close();
  running = undefined;
});

async function start(
  handler: FetchHandler['fetch'],
  limits: Partial<SocketLimits> = {},
): Promise<RunningServer> {
  running = await serve({ fetch: handler }, { limits });
  return running;
}

async function open(server: RunningServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** All that the server says before it closes the connection. */
async function everythingFrom(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** What the server says up to a text. */
async function upTo(socket: Socket, end: string): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes(end)) break;
  }
  return text;
}

const ignoring: FetchHandler['fetch'] = async () => new Response('ignored');
const timeouts = { idle: 10_000, json: 10_000 };
const reading: FetchHandler['fetch'] = async (request, context = {}) => {
  const body = await readBody(request, context, 100 * kibibyte, timeouts).catch((error: Error) => error);
  return body instanceof Error
    ? new Response(body.message, { status: 413 })
    : new Response(`read ${body.byteLength}`);
};

describe('serve', () => {
  it('says where it listens and passes on who asks', async () => {
    const server = await start(
      async (request, context) => new Response(`${request.url} ${context?.remoteAddress}`),
    );
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await (await fetch(`${server.url}/a?b`)).text()).toBe(`${server.url}/a?b 127.0.0.1`);
  });

  it('listens on IPv6', async () => {
    running = await serve({ fetch: async (request) => new Response(request.url) }, { host: '::1' });
    expect(running.url).toBe(`http://[::1]:${running.port}`);
    expect(await (await fetch(running.url)).text()).toBe(`${running.url}/`);
  });

  it('takes no more connections than it may, until one ends', async () => {
    const server = await start(async () => new Response('here'), { connections: 1 });
    const first = await open(server);
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await upTo(first, 'here')).toContain('200 OK');
    const second = await open(server);
    expect(await everythingFrom(second)).toBe('');
    first.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await everythingFrom(first)).toContain('here');
    expect(await (await fetch(server.url)).text()).toBe('here');
  });

  it('drops those who do not read their answers when these become too much, the oldest first', async () => {
    const size = 8 * 1024 * kibibyte;
    const answer = 'x'.repeat(size);
    const server = await start(
      async (request) => new Response(new URL(request.url).pathname === '/large' ? answer : 'small'),
      { unreadBytes: 3 * size },
    );
    const silent: Socket[] = [];
    const ended: number[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = await open(server);
      socket.pause();
      socket.once('close', () => ended.push(i));
      silent.push(socket);
      socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
      // One behind the other: its answer is there when the next one is asked for.
      expect(await (await fetch(`${server.url}/small`)).text()).toBe('small');
    }
    // Who reads gets all of it.
    expect((await (await fetch(`${server.url}/large`)).text()).length).toBe(size);
    for (const socket of silent) socket.resume();
    const last = silent.at(-1)!;
    expect(await upTo(last, 'HTTP/1.1 200 OK')).toContain('200 OK');
    await expect.poll(() => ended.length).toBeGreaterThanOrEqual(3);
    expect(ended).toContain(0);
    expect(ended).not.toContain(7);
  });

  it('fails with the system error when the port is taken', async () => {
    const { port } = await start(ignoring);
    await expect(serve({ fetch: ignoring }, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('answers a request without Host as one for its own address', async () => {
    const server = await start(async (request) => new Response(request.url));
    const socket = await open(server);
    socket.write('GET /x HTTP/1.0\r\n\r\n');
    expect(await everythingFrom(socket)).toContain(`\r\n\r\n${server.url}/x`);
  });

  it.each([
    ['a bad Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', '400 Bad Request'],
    ['no HTTP at all', 'hello\r\n\r\n', '400 Bad Request'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400 Bad Request',
    ],
    [
      'huge headers',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40 * kibibyte)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
    [
      'a strange expectation',
      'GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n',
      '417 Expectation Failed',
    ],
  ])('answers %s with JSON', async (_, request, status) => {
    const socket = await open(await start(ignoring));
    socket.write(request);
    const answer = await upTo(socket, '}');
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status}\r\n`));
    expect(answer).toMatch(/\r\ncontent-type: application\/json\r\n/i);
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { status: number };
    expect(body.status).toBe(Number(status.slice(0, 3)));
  });

  it('survives a handler that throws', async () => {
    const server = await start(async () => {
      throw new Error('oops');
    });
    const answer = await fetch(server.url);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('oops');
    expect((await fetch(server.url)).status).toBe(400);
  });
});

describe('bodies', () => {
  it('keeps the connection when what was not read is little', async () => {
    const socket = await open(await start(ignoring));
    for (let n = 0; n < 2; n++) {
      const body = 'x'.repeat(200 * kibibyte);
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      expect(await upTo(socket, 'ignored')).toContain('200 OK');
    }
  });

  it('answers first and then closes when what was not read is much', async () => {
    const socket = await open(await start(ignoring, { drainBytes: 256 * kibibyte }));
    const text = everythingFrom(socket);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
    const chunk = Buffer.alloc(64 * kibibyte);
    let sent = 0;
    while (!socket.closed && sent < 512 * 2 ** 20) {
      if (!socket.write(chunk)) {
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve).once('close', resolve);
        });
      }
      sent += chunk.byteLength;
    }
    expect(await text).toContain('ignored');
    // The kernel's own buffers come on top of what is drained.
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('lets a client that wants to close see the answer to a body that was not read', async () => {
    const socket = await open(await start(ignoring));
    const text = everythingFrom(socket);
    const body = Buffer.alloc(900 * kibibyte);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (let n = 0; n < 9; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(body.subarray(0, 100 * kibibyte));
    }
    expect(await text).toContain('ignored');
  });

  it('says beforehand that it will close', async () => {
    const socket = await open(await start(ignoring, { drainTime: 20 }));
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 30}\r\n\r\n`);
    expect(await everythingFrom(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n.*connection: close\r\n/is);
  });

  it('closes when the rest of an unread body does not come', async () => {
    const socket = await open(await start(ignoring, { drainTime: 20 }));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx');
    expect(await everythingFrom(socket)).toContain('ignored');
  });

  it('answers in the middle of a body that grows too large', async () => {
    const socket = await open(await start(reading, { drainTime: 20 }));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let n = 0; n < 3; n++) socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
    expect(await everythingFrom(socket)).toMatch(/^HTTP\/1.1 413/);
  });

  it('lets a client that asks first keep a body that is refused', async () => {
    const server = await start(
      async (request, context = {}) =>
        request.url.endsWith('/yes') ? await reading(request, context) : new Response('no', { status: 403 }),
      { drainTime: 20 },
    );
    const refused = await open(server);
    refused.write('POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const answer = await everythingFrom(refused);
    expect(answer).toMatch(/^HTTP\/1.1 403/);
    const taken = await open(server);
    taken.write('POST /yes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    expect(await upTo(taken, '\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    taken.write('12345');
    expect(await upTo(taken, 'read')).toMatch(/^HTTP\/1.1 200/);
  });

  it('tells the reader of a body when the connection breaks', async () => {
    const seen: { error?: unknown } = {};
    let told: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      told = resolve;
    });
    const server = await start(async (request, context = {}) => {
      try {
        for await (const _ of bodyChunks(request, context, 10_000));
      } catch (error) {
        seen.error = error;
      }
      told();
      return new Response('late');
    });
    const socket = await open(server);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
    socket.end();
    socket.destroy();
    await over;
    expect(seen.error).toMatchObject({ status: 400, message: expect.stringContaining('broke off') });
  });

  it('gives up on a body that stands still', async () => {
    const server = await start(
      async (request, context = {}) => {
        const error = await readBody(request, context, 100, { idle: 20, json: 10_000 }).catch(
          (cause) => cause,
        );
        return new Response(error.message, { status: error.status });
      },
      { drainTime: 20 },
    );
    const socket = await open(server);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
    expect(await everythingFrom(socket)).toMatch(/^HTTP\/1.1 408.*did not arrive in time/s);
  });

  it('gives up on a body that trickles', async () => {
    const server = await start(
      async (request, context = {}) => {
        const error = await readBody(request, context, 1e6, { idle: 10_000, json: 30 }).catch(
          (cause) => cause,
        );
        return new Response(error.message, { status: error.status });
      },
      { drainTime: 20 },
    );
    const socket = await open(server);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 5);
    try {
      expect(await everythingFrom(socket)).toMatch(/^HTTP\/1.1 408/);
    } finally {
      clearInterval(timer);
    }
  });
});

describe('close', () => {
  it('lets a request that runs be answered, and takes no further one', async () => {
    let finish: () => void = () => {};
    let began: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    const server = await start(async () => {
      began();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return new Response('done');
    });
    const answer = fetch(server.url);
    await begun;
    const idle = await open(server);
    const closing = server.close();
    idle.resume();
    await once(idle, 'close');
    await expect(fetch(server.url)).rejects.toThrow();
    finish();
    expect(await (await answer).text()).toBe('done');
    await closing;
  });

  it('breaks off what takes longer than it may', async () => {
    let began: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    const server = await start(
      () => {
        began();
        return new Promise(() => {});
      },
      { shutdownTimeout: 20 },
    );
    const answer = fetch(server.url);
    await begun;
    await Promise.all([server.close(), expect(answer).rejects.toThrow()]);
  });
});
