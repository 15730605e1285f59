import { createHash, createHmac } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Whether a request that has arrived is signed as Signature Version 4 demands, in a header or in its query. Written from
 * the specification, because s3rver takes any signature of this version.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function isSigned(request: IncomingMessage, secret: string): boolean {
  const url = new URL(request.url ?? '', 'http://any');
  const inQuery = url.searchParams.has('X-Amz-Signature');
  const header =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  const parameter = (name: string): string => url.searchParams.get(`X-Amz-${name}`) ?? '';
  const [credential = '', signedHeaders = '', signature = ''] = inQuery
    ? [parameter('Credential'), parameter('SignedHeaders'), parameter('Signature')]
    : (header?.slice(1) ?? []);
  const time = inQuery ? parameter('Date') : String(request.headers['x-amz-date'] ?? '');
  const payload = inQuery ? 'UNSIGNED-PAYLOAD' : String(request.headers['x-amz-content-sha256'] ?? '');
  const names = signedHeaders.split(';');
  const required = inQuery ? ['host'] : ['host', 'x-amz-content-sha256', 'x-amz-date'];
  if (!required.every((name) => names.includes(name))) return false;
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .sort();
  const canonical = [
    request.method,
    url.pathname,
    query.join('&'),
    ...names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signedHeaders,
    payload,
  ].join('\n');
  const [, date = '', region = '', service = ''] = credential.split('/');
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(canonical)}`;
  return hmac(key, text).toString('hex') === signature;
}

/** Stands before an S3-compatible server and lets in only what is signed, with the body that is signed. */
export async function checkSignatures(
  targetPort: number,
  secret: string,
): Promise<{ readonly url: string; readonly port: number; close(): void }> {
  const server = createServer((request, response) => {
    if (!isSigned(request, secret)) {
      request.resume();
      refuse(response, 403, 'SignatureDoesNotMatch');
      return;
    }
    const { method, url, headers } = request;
    const signed = headers['x-amz-content-sha256'];
    const body = createHash('sha256');
    request.on('data', (chunk) => body.update(chunk));
    const upstream = httpRequest({ host: '127.0.0.1', port: targetPort, method, path: url, headers });
    upstream.on('response', (answer) => {
      if (signed !== undefined && signed !== 'UNSIGNED-PAYLOAD' && body.digest('hex') !== signed) {
        answer.resume();
        refuse(response, 400, 'XAmzContentSHA256Mismatch');
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => {});
    });
    pipeline(request, upstream, (error) => {
      // Whoever is behind is gone, so this one is gone too.
      if (error) response.destroy();
    });
    upstream.on('error', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
}
