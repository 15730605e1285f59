import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens once so many bytes have passed, over whichever connections. */
export interface Fault {
  /** Bytes from the client (`up`) or to it (`down`). */
  readonly direction: 'up' | 'down';
  readonly after: number;
  /** Called at that moment; while it runs nothing passes on that connection. */
  readonly onStrike?: () => Promise<void> | void;
  /** Whether the connection is cut. Default: it is. */
  readonly cut?: boolean;
}

/** Stands before a server and lets bytes through, until it is told to cut a connection. */
export interface FaultProxy {
  readonly url: string;
  readonly port: number;
  /** Arms one fault, which strikes once. Bytes are counted from now on. */
  strike(fault: Fault): void;
  /** How many faults have struck. */
  struck(): number;
  close(): void;
}

export async function faultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const faults: { readonly fault: Fault; left: number }[] = [];
  let struck = 0;
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    const cut = (): void => {
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
    const pass = (from: Socket, to: Socket, direction: 'up' | 'down'): void => {
      from.on('data', async (chunk: Buffer) => {
        let due: Fault | undefined;
        for (const armed of faults.filter(({ fault }) => fault.direction === direction)) {
          armed.left -= chunk.byteLength;
          if (armed.left >= 0) continue;
          faults.splice(faults.indexOf(armed), 1);
          due = armed.fault;
        }
        if (due !== undefined) {
          from.pause();
          struck++;
          await due.onStrike?.();
          if (due.cut ?? true) {
            cut();
            return;
          }
          from.resume();
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    };
    pass(client, target, 'up');
    pass(target, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    strike: (fault) => void faults.push({ fault, left: fault.after }),
    struck: () => struck,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
