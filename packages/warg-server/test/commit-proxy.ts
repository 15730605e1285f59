import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of the next `COMMIT` that passes. */
export interface CommitFault {
  /** Whether the database gets it. */
  readonly arrives: boolean;
  /** Called when it has passed, or would have; nothing of that connection passes any more, and then it is cut. */
  readonly onStrike?: () => Promise<void> | void;
}

/** Stands before a PostgreSQL, and loses a commit or the answer to it. */
export interface CommitProxy {
  readonly url: string;
  strike(fault: CommitFault): void;
  /** Asked about each piece that a client sends: from the first `false` on nothing of its connection passes any more. */
  onSent: ((bytes: number) => boolean) | undefined;
  /** Takes no connection any more. */
  close(): void;
}

export async function commitProxy(databaseUrl: string): Promise<CommitProxy> {
  const url = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let armed: CommitFault | undefined;
  const server = createServer((client) => {
    const target = connect(Number(url.port), url.hostname);
    const cut = () => {
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    let isHeld = false;
    const strike = async (fault: CommitFault, chunk: Buffer) => {
      isHeld = true;
      if (fault.arrives) {
        const answered = new Promise((resolve) => target.once('data', resolve));
        target.write(chunk);
        await answered;
      }
      await fault.onStrike?.();
      cut();
    };
    client.on('data', async (chunk: Buffer) => {
      isHeld ||= proxy.onSent?.(chunk.byteLength) === false;
      if (isHeld) return;
      if (armed !== undefined && chunk.includes('; COMMIT')) {
        const fault = armed;
        armed = undefined;
        await strike(fault, chunk);
      } else target.write(chunk);
    });
    target.on('data', (chunk: Buffer) => {
      if (!isHeld) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(databaseUrl);
  own.port = String((server.address() as AddressInfo).port);
  const proxy: CommitProxy = {
    url: own.href,
    strike: (fault) => {
      armed = fault;
    },
    onSent: undefined,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return proxy;
}
