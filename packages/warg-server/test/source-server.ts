import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { join } from 'node:path';

/** A server of sources for every name below `source.example`, on this machine. */
export interface SourceServer {
  readonly port: number;
  /** Its certificate, which is its own authority, as PEM. */
  readonly ca: string;
  /** What was asked of it, as `host path`. */
  readonly asked: string[];
  readonly headers: IncomingMessage['headers'][];
  /** Answers from here on. */
  answer(listener: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): void;
}

/** @param dir for the certificate */
export async function startSourceServer(dir: string): Promise<SourceServer> {
  const [key, certificate] = [join(dir, 'source.key'), join(dir, 'source.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=source.example', '-addext', 'subjectAltName=DNS:source.example,DNS:*.source.example'],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  let listener = (_request: IncomingMessage, response: ServerResponse): void => void response.end();
  const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(tls, (request, response) => {
    asked.push(`${request.headers.host?.replace(/:.*/, '')} ${request.url}`);
    headers.push(request.headers);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca: readFileSync(certificate, 'utf8'),
    asked,
    headers,
    answer(next) {
      listener = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Looks names up in a table; a list is what a name stands for at each question in turn. */
export function tableLookup(table: Readonly<Record<string, readonly (readonly string[])[]>>): LookupFunction {
  const counts = new Map<string, number>();
  return (hostname, _options, callback) => {
    const answers = table[hostname];
    const count = counts.get(hostname) ?? 0;
    counts.set(hostname, count + 1);
    const addresses = answers?.[Math.min(count, answers.length - 1)];
    if (addresses === undefined) {
      callback(Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }), '');
      return;
    }
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}
