// Real sockets on this machine, for a test registry.

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fetch } from './serve.ts';

const closing: (() => Promise<void>)[] = [];

/** Closes every server that is open. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

/** Closes the server that was opened last. */
export async function closeLast(): Promise<void> {
  await closing.pop()?.();
}

export interface Running {
  readonly url: string;
  readonly requests: { readonly line: string; readonly headers: IncomingMessage['headers'] }[];
}

/** Listens on a free port of this machine. What `meddle` does not answer, `fetch` does. */
export async function listen(
  fetch: Fetch,
  meddle: (request: IncomingMessage, response: ServerResponse) => boolean | undefined = () => false,
): Promise<Running> {
  const requests: Running['requests'] = [];
  const handle: RequestListener = (incoming, outgoing) => {
    requests.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers });
    if (meddle(incoming, outgoing) === true) return;
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = incoming.method === 'GET' ? null : Buffer.concat(chunks);
      const url = `http://${incoming.headers.host}${incoming.url}`;
      void fetch(new Request(url, { method: incoming.method ?? 'GET', body })).then(async (response) => {
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(Buffer.from(await response.arrayBuffer()));
      });
    });
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
