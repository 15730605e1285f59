import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connection, Connections, requestBytes } from './connection.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers with what it was sent, in pieces or with its length. */
async function echo(inPieces: boolean): Promise<URL> {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (!inPieces) response.setHeader('content-length', body.length);
    response.statusCode = 202;
    for (let at = 0; at < body.length; at += 10_000) response.write(body.subarray(at, at + 10_000));
    response.end();
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

describe('Connection', () => {
  it.each([true, false])('reads answers one after the other, in pieces: %s', async (inPieces) => {
    const url = await echo(inPieces);
    const connection = new Connection(url);
    for (const size of [0, 1, 70_000, 3]) {
      const body = 'x'.repeat(size);
      const answer = await connection.request(requestBytes(url, 'POST', 'echo', body));
      expect({ status: answer.status, body: answer.body.toString() }).toEqual({ status: 202, body });
    }
    connection.close();
  });

  it('goes on when the server has closed it in between, and fails when it does so in the middle', async () => {
    const url = await echo(false);
    const connection = new Connection(url);
    const request = requestBytes(url, 'POST', 'echo', 'again');
    await connection.request(request);
    server!.closeAllConnections();
    // Until it has noticed: a request that was on its way fails.
    await vi.waitFor(async () => expect((await connection.request(request)).status).toBe(202), 60_000);
    server!.removeAllListeners('request');
    server!.on('request', (_, response) => response.destroy());
    await expect(connection.request(request)).rejects.toThrow(/closed|reset/i);
  });
});

describe('Connections', () => {
  it('are no more than they may be: who comes later waits for one', async () => {
    const url = await echo(false);
    const connections = new Connections(url, 3);
    let most = 0;
    let busy = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const connection = await connections.take();
        most = Math.max(most, ++busy);
        expect((await connection.request(requestBytes(url, 'POST', 'echo', 'x'))).status).toBe(202);
        busy--;
        connections.giveBack(connection);
      }),
    );
    expect(most).toBe(3);
    const open = await new Promise((resolve) => server!.getConnections((_, count) => resolve(count)));
    expect(open).toBe(3);
    connections.close();
  });

  it('leave nobody waiting when they are closed', async () => {
    const url = await echo(false);
    server!.removeAllListeners('request');
    const connections = new Connections(url, 1);
    const connection = await connections.take();
    const waiting = [connection.request(requestBytes(url, 'GET', 'never')), connections.take()];
    connections.close();
    for (const { status } of await Promise.allSettled([...waiting, connections.take()])) {
      expect(status).toBe('rejected');
    }
    server!.closeAllConnections();
  });
});
