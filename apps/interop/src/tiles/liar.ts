import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that hands on the answers of another one, but for some. */
export interface Liar {
  readonly url: string;
  /** How many answers were changed. */
  lies(): number;
  close(): void;
}

/** Starts a server that flips one bit near the end of each answer whose path fits. */
export async function startLiar(url: string, path: RegExp): Promise<Liar> {
  let lies = 0;
  const server = createServer((request, response) => {
    answer(request.url ?? '/').then(
      ({ status, body }) => response.writeHead(status).end(body),
      () => response.destroy(),
    );
  });
  const answer = async (asked: string) => {
    const found = await fetch(`${url}${asked}`);
    const body = new Uint8Array(await found.arrayBuffer());
    if (found.ok && path.test(asked)) {
      body[body.length - 40]! ^= 1;
      lies += 1;
    }
    return { status: found.status, body };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lies: () => lies,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
