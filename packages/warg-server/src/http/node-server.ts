import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { contentTypes } from '@warg/protocol/api';
import { jsonAnswer, messageBody, toResponse } from './answers.ts';
import { AnswersUnderWay } from './answers-under-way.ts';
import { answerDirectly, hasUrl } from './direct-answers.ts';
import type { DirectDoor } from './direct-door.ts';
import {
  announceClose,
  type DrainLimits,
  defaultDrainLimits,
  drainAfterAnswer,
  lingerTime,
} from './drain.ts';
import type { RequestContext } from './request-context.ts';

/** Anything that answers requests: a registry, or a handler put around one. */
export interface FetchHandler {
  fetch(request: Request, context?: RequestContext): Promise<Response>;
  /** A short way for some requests, which answers them as `fetch` does. */
  readonly direct?: DirectDoor;
}

/** How the sockets of a server are guarded; times in milliseconds. */
export interface SocketLimits extends DrainLimits {
  /** For the head of a request. Default 15 s. */
  readonly headersTimeout: number;
  /** For a whole request, uploads included. Default 1 h. */
  readonly requestTimeout: number;
  /** For a connection that waits for its next request. Default 65 s. */
  readonly keepAliveTimeout: number;
  /** For a connection on which nothing moves while a request is answered. Default 120 s. */
  readonly socketTimeout: number;
  /** Most connections at once; further ones are closed at once. Default 4096. */
  readonly connections: number;
  /** Most bytes of answers that wait to be read by their askers; beyond, who has waited longest is dropped. Default 256 MiB. */
  readonly unreadBytes: number;
  /** How long {@link RunningServer.close} waits for requests under way. Default 30 s. */
  readonly shutdownTimeout: number;
}

export const defaultSocketLimits: SocketLimits = {
  ...defaultDrainLimits,
  headersTimeout: 15_000,
  requestTimeout: 3_600_000,
  keepAliveTimeout: 65_000,
  socketTimeout: 120_000,
  connections: 4096,
  unreadBytes: 256 * 1024 * 1024,
  shutdownTimeout: 30_000,
};

/** Where {@link serve} listens, and what a connection may do. */
export interface ListenOptions {
  /** A host name or IP address. Default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly limits?: Partial<SocketLimits>;
  /** Whether the handler's short way is taken, where it has one. Default true. */
  readonly direct?: boolean;
}

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, with the port that was taken: `http://127.0.0.1:45123`. */
  readonly url: string;
  readonly port: number;
  /** Takes no further request, and resolves when those under way are answered or `shutdownTimeout` has passed. */
  close(): Promise<void>;
}

/**
 * Serves a registry over HTTP with Node's own server.
 *
 * @throws the system's error if the address cannot be had: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND`
 *
 * @example
 * const server = await serve(registry, { port: 8090 });
 * console.log(server.url);
 * await server.close();
 */
export async function serve(handler: FetchHandler, options: ListenOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  const limits = { ...defaultSocketLimits, ...options.limits };
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    // Answered below like any other request, so that the answer is JSON.
    requireHostHeader: false,
  });
  server.timeout = limits.socketTimeout;
  server.maxConnections = limits.connections;

  const connections = new Set<Socket>();
  const underWay = new AnswersUnderWay(limits.unreadBytes);
  let closing = false;
  /** Ends the connections on which nothing is answered; Node's own way spares those that have not asked yet. */
  const endIdle = (): void => {
    for (const socket of connections) if (underWay.first(socket) === undefined) socket.destroySoon();
  };
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const door = options.direct === false ? undefined : handler.direct;
  const onUnread = (bytes?: number): void => underWay.dropUnread(bytes);
  const listenerOptions = {
    // What a request without `Host` is taken to be for; the port is known once the server listens.
    hostname: bracketed(host),
    overrideGlobalObjects: false,
    // Its own way of getting rid of unread bodies takes 64 MiB.
    autoCleanupIncoming: false,
    errorHandler: unreadable,
  };
  const answer = getRequestListener(async (request, bindings) => {
    const { incoming, outgoing } = bindings as { incoming: IncomingMessage; outgoing: ServerResponse };
    try {
      if (!hasUrl(incoming, request.url)) return unreadable();
      return await handler.fetch(request, contextOf(incoming, outgoing));
    } finally {
      announceClose(incoming, outgoing, limits);
      onUnread();
    }
  }, listenerOptions);
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (closing) outgoing.shouldKeepAlive = false;
    const entry = underWay.add(outgoing);
    outgoing.once('close', () => {
      underWay.delete(entry);
      if (closing && underWay.first(incoming.socket) === undefined) incoming.socket.destroySoon();
    });
    const goLongWay = (): void => {
      drainAfterAnswer(incoming, outgoing, limits);
      void answer(incoming, outgoing);
    };
    if (door === undefined) goLongWay();
    else answerDirectly(door, { incoming, outgoing, goLongWay, onUnread });
  };
  server.on('request', onRequest);
  // Taking this event over leaves it to the reader of the body to say "100 Continue": whoever is refused need not send it.
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', (_incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = messageBody(417, 'the only expectation that is understood is `100-continue`');
    const headers = {
      'content-type': contentTypes.json,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    };
    outgoing.writeHead(417, headers).end(body);
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    const current = underWay.first(socket as Socket);
    if (current?.headersSent === true) socket.destroy();
    else answerClientError(error, socket, current !== undefined);
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const authority = `${bracketed(address.address)}:${address.port}`;
  listenerOptions.hostname = authority;
  return {
    url: `http://${authority}`,
    port: address.port,
    close: () => {
      closing = true;
      for (const outgoing of underWay) if (!outgoing.headersSent) outgoing.shouldKeepAlive = false;
      const closed = closeServer(server, limits.shutdownTimeout);
      endIdle();
      return closed;
    },
  };
}

function unreadable(): Response {
  return toResponse(jsonAnswer(messageBody(400, 'the request cannot be read'), 400));
}

function contextOf(incoming: IncomingMessage, outgoing: ServerResponse): RequestContext {
  const { remoteAddress } = incoming.socket;
  return {
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    body: {
      [Symbol.asyncIterator]: () => {
        const isAsked = incoming.headers.expect !== undefined && incoming.httpVersion === '1.1';
        if (isAsked && !outgoing.headersSent) outgoing.writeContinue();
        // Left whole when the reader stops early: destroying it would break the connection before the answer.
        return incoming.iterator({ destroyOnReturn: false });
      },
    },
  };
}

function closeServer(server: Server, shutdownTimeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), shutdownTimeout);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Answers what never became a request, in the form of every other error.
 *
 * @param isAwaited whether it is the body of a request, for whose rest somebody waits
 */
function answerClientError(error: Error & { code?: string }, socket: Duplex, isAwaited: boolean): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, message] = clientErrors[error.code ?? ''] ?? malformedRequest;
  const body = messageBody(status, message);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: ${contentTypes.json}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => setTimeout(() => socket.destroy(), isAwaited ? 0 : lingerTime).unref(),
  );
}

const malformedRequest = [400, 'Bad Request', 'the request is not valid HTTP'] as const;
const clientErrors: Record<string, readonly [status: number, reason: string, message: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers of the request are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    413,
    'Payload Too Large',
    'the chunk extensions of the request are too large',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not arrive in time'],
};

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
