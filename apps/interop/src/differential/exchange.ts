// One request on a connection of its own, and what came back, a dropped connection included.

import { request as httpRequest } from 'node:http';

export interface Request {
  readonly method: string;
  /** From the root of the server: `/v1/fetch/logs`. Sent as it stands, never normalised. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export type Answer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }
  | { readonly dropped: true };

/** The headers that a Warg client or a browser acts on; all others are a server's own business. */
const comparedHeaders = [
  'content-type',
  'location',
  'access-control-allow-origin',
  'access-control-allow-methods',
];

/** @throws Error when nothing comes back within 20 s */
export function exchange(url: string, { method, path, headers = {}, body }: Request): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = httpRequest(
      { hostname, port, method, path, headers: { ...length, ...headers }, agent: false, timeout: 20_000 },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', () => resolve({ dropped: true }));
        incoming.on('end', () => {
          const known = comparedHeaders.flatMap((name) => {
            const value = incoming.headers[name];
            return value === undefined ? [] : [[name, String(value)] as const];
          });
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(known),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    outgoing.on('timeout', () => {
      outgoing.destroy();
      reject(new Error(`${method} ${path}: no answer from ${url} within 20 s`));
    });
    outgoing.on('error', () => resolve({ dropped: true }));
    if (body !== undefined) outgoing.write(body);
    outgoing.end();
  });
}
