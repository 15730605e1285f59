import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of content that sends the beginning of everything, and then nothing more. */
export interface StallingContent {
  readonly url: string;
  /** Settles when somebody else has been sent the beginning of a content. */
  asked(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one on a free port. */
export async function stallingContent(): Promise<StallingContent> {
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/wasm', 'content-length': '1000000' });
    response.write(Buffer.alloc(1000), () => {
      for (const tell of waiting.splice(0)) tell();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: async () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
      }),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
