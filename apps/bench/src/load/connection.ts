// HTTP/1.1 over one socket, one request at a time. A generator shares the machine with the server that it measures, and
// node:http costs several times what the servers here spend on a request; this costs a few microseconds.

import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** The bytes of a request, made before any clock starts. */
export function requestBytes(url: URL, method: 'GET' | 'POST', path: string, body?: string | Buffer): Buffer {
  const head = [`${method} /${path} HTTP/1.1`, `host: ${url.host}`];
  if (body === undefined) return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
  const type = typeof body === 'string' ? 'application/json' : 'application/wasm';
  const bytes = Buffer.from(body);
  head.push(`content-type: ${type}`, `content-length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]);
}

/** Servers close connections on which nothing was asked for some seconds, perhaps while a request is on its way: ms. */
const IDLE = 2000;

/** A connection that stays open, and is made anew if the server has closed it while nothing was asked. Requests must not overlap. */
export class Connection {
  readonly #url: URL;
  #socket: Socket | undefined;
  #usedAt = 0;
  #received: Buffer[] = [];
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(url: URL) {
    this.#url = url;
  }

  /** @throws Error when the connection breaks */
  request(bytes: Buffer): Promise<Answer> {
    if (performance.now() - this.#usedAt > IDLE) this.close();
    const socket = this.#socket ?? this.#connect();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      socket.write(bytes);
    });
  }

  #connect(): Socket {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    const fail = (error: Error) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#received = [];
      this.#waiting?.reject(error);
      this.#waiting = undefined;
    };
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server has closed the connection')));
    this.#socket = socket;
    return socket;
  }

  /** What waits for an answer gets none. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = [];
    this.#waiting?.reject(new Error('the connection was closed'));
    this.#waiting = undefined;
  }

  #read(chunk: Buffer): void {
    this.#received.push(chunk);
    const bytes = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    this.#received = [bytes];
    const answer = parseAnswer(bytes);
    if (answer === undefined) return;
    this.#received = [];
    this.#usedAt = performance.now();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }
}

/** Connections that are made as they are needed, so many at the most: who comes later waits for one. */
export class Connections {
  readonly #url: URL;
  readonly #most: number;
  readonly #all: Connection[] = [];
  readonly #idle: Connection[] = [];
  readonly #waiting: { resolve(connection: Connection): void; reject(error: Error): void }[] = [];
  #closed = false;

  constructor(url: URL, most: number) {
    this.#url = url;
    this.#most = most;
  }

  /** @throws Error when they are closed */
  take(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Error('the connections are closed'));
    const known = this.#idle.pop();
    if (known !== undefined) return Promise.resolve(known);
    if (this.#all.length < this.#most) {
      const connection = new Connection(this.#url);
      this.#all.push(connection);
      return Promise.resolve(connection);
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  giveBack(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next.resolve(connection);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connections are closed'));
  }
}

/** An answer that has come whole; undefined as long as something is missing. */
function parseAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  const length = /\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    if (bytes.length < start + Number(length)) return undefined;
    return { status, body: bytes.subarray(start, start + Number(length)) };
  }
  if (/\ntransfer-encoding: *chunked/.test(head)) {
    const body = parseChunks(bytes, start);
    return body && { status, body };
  }
  return { status, body: Buffer.alloc(0) };
}

function parseChunks(bytes: Buffer, start: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
