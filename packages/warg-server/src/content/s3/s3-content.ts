import { type Digest, digestOf } from '@warg/crypto';
import { AwsV4Signer } from 'aws4fetch';
import type { ByteRange, ContentStore, StoredContent } from '../content-store.ts';
import { contentFileName, digestOfFileName } from '../file-content.ts';
import {
  defaultPatience,
  discard,
  exchange,
  type Patience,
  readSmall,
  type StoreRequest,
} from '../remote/exchange.ts';
import { operate, StoreAnswerError, StoreProtocolError } from '../remote/operation.ts';
import { lengthOf, partOf, rangeHeader } from '../remote/part.ts';
import { openSpool } from '../spool.ts';
import { readListing } from './listing.ts';
import { s3Staging } from './s3-staging.ts';

/** Whose requests these are. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where in an S3-compatible store contents are kept. */
export interface S3Options {
  readonly bucket: string;
  /** Keys are `<prefix>/sha256-<hex>`; without a prefix, `sha256-<hex>`. */
  readonly prefix?: string;
  /** URL of the service, for those that are not AWS. The bucket is then the first part of the path. */
  readonly endpoint?: string;
  /** Default: `us-east-1`. */
  readonly region?: string;
  readonly credentials: S3Credentials;
  /** Folder in which uploads grow until they are whole. Default: a new temporary one. */
  readonly spoolDir?: string;
  readonly patience?: Partial<Patience>;
}

const emptyHash = hexOf(digestOf());
const largestObject = 5 * 2 ** 30;
/** Bytes of a page of a list, of a thousand objects. */
const largestListing = 4 * 2 ** 20;
/** Metadata of each object: how many bytes it was put with. */
const sizeHeader = 'x-amz-meta-warg-size';

/**
 * Keeps contents in a bucket of Amazon S3 or of a service that speaks its protocol, one object each.
 *
 * An upload grows in a local file. Only once its size and digest are right is it sent, in one request that carries the
 * digest, so that no other bytes can appear under its key. Contents of up to 5 GiB fit. Objects that others put there do
 * not count.
 *
 * Needs `s3:GetObject` and `s3:PutObject` for the objects and `s3:ListBucket` for the bucket: without the last one S3 does
 * not say that an object is missing. To remove contents it needs `s3:DeleteObject`.
 *
 * @throws ContentError `CONTENT_STORE_UNAVAILABLE` when the bucket cannot be read
 *
 * @example
 * const credentials = { accessKeyId: '…', secretAccessKey: '…' };
 * const content = await s3ContentStore({ bucket: 'packages', region: 'eu-central-1', credentials });
 */
export async function s3ContentStore(options: S3Options): Promise<ContentStore> {
  const { credentials, region = 'us-east-1' } = options;
  const patience = { ...defaultPatience, ...options.patience };
  const root = bucketUrl(options.bucket, region, options.endpoint);
  const keyPrefix = options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix}/`;
  const signingKeys = new Map<string, ArrayBuffer>();
  const spool = await openSpool(options.spoolDir);
  const signer = { ...credentials, service: 's3', region, cache: signingKeys };

  try {
    await operate('read the bucket', patience, spool.closed, async () => {
      const url = new URL(root);
      const prefix = `${keyPrefix}${contentFileName(digestOf())}`;
      url.search = new URLSearchParams({ 'list-type': '2', 'max-keys': '1', prefix }).toString();
      await discard(await succeed('a list of the bucket', { method: 'GET', url, headers: new Headers() }));
    });
  } catch (error) {
    await spool.close();
    throw error;
  }

  return {
    size: (digest: Digest): Promise<number | undefined> =>
      operate(`ask for ${digest}`, patience, spool.closed, () => sizeOf(digest)),

    read: (digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> =>
      operate(`read ${digest}`, patience, spool.closed, async () => {
        const headers = new Headers(rangeHeader(range));
        const response = await succeed('a download', { method: 'GET', url: objectUrl(digest), headers });
        return partOf(response, range, patience.idle);
      }),

    write: (digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> =>
      spool.take(digest, body, Math.min(maxBytes, largestObject), async (file) => {
        await operate(`write ${digest}`, patience, spool.closed, async () => {
          // What is there is left alone: not every service replaces an object in one step.
          if ((await sizeOf(digest)) === file.size) return;
          const headers = new Headers({
            'content-type': 'application/wasm',
            // Signed, so that the service refuses a body with another hash.
            'x-amz-content-sha256': hexOf(digest),
            [sizeHeader]: String(file.size),
          });
          const url = objectUrl(digest);
          await discard(await succeed('an upload', { method: 'PUT', url, headers, body: file }));
        });
        return file.size;
      }),

    async temporaryUrl(digest: Digest, lifetime: number): Promise<URL> {
      const url = objectUrl(digest);
      url.searchParams.set('X-Amz-Expires', String(lifetime));
      const signed = new AwsV4Signer({ ...signer, method: 'GET', url: url.href, signQuery: true });
      return (await signed.sign()).url;
    },

    staging: s3Staging(
      {
        patience,
        closed: spool.closed,
        url: (key) => (key === undefined ? new URL(root) : urlOf(key)),
        send,
        succeed,
        async presign(method, target, headers, lifetime) {
          const url = new URL(target);
          url.searchParams.set('X-Amz-Expires', String(lifetime));
          return (
            await new AwsV4Signer({ ...signer, method, url: url.href, headers, signQuery: true }).sign()
          ).url;
        },
      },
      keyPrefix,
    ),

    async *list(): AsyncGenerator<StoredContent> {
      for (let after: string | undefined; ; ) {
        const page = await operate('list the contents', patience, spool.closed, () => listAfter(after));
        yield* page.contents;
        if (page.last === undefined) return;
        after = page.last;
      }
    },

    remove: (digest: Digest): Promise<void> =>
      operate(`remove ${digest}`, patience, spool.closed, async () => {
        if ((await sizeOf(digest)) === undefined) return;
        const request = { method: 'DELETE', url: objectUrl(digest), headers: new Headers() } as const;
        await discard(await succeed('a removal', request));
      }),

    close: () => spool.close(),
  };

  /** The contents of the next page, and the key to go on after; undefined at the end. */
  async function listAfter(after: string | undefined) {
    const url = new URL(root);
    const query = new URLSearchParams({ 'list-type': '2', prefix: `${keyPrefix}sha256-` });
    if (after !== undefined) query.set('start-after', after);
    url.search = query.toString();
    const answer = await succeed('a list of the bucket', { method: 'GET', url, headers: new Headers() });
    const page = readListing(Buffer.from(await readSmall(answer, largestListing, patience.idle)).toString());
    const contents = page.objects.flatMap(({ key, size, modified }) => {
      const digest = key.startsWith(keyPrefix) ? digestOfFileName(key.slice(keyPrefix.length)) : undefined;
      return digest === undefined ? [] : [{ digest, size, storedAt: modified }];
    });
    const last = page.objects.at(-1)?.key;
    if (page.isTruncated && (last === undefined || last === after)) {
      throw new StoreProtocolError('the store lists no more of a bucket that has more');
    }
    return { contents, last: page.isTruncated ? last : undefined };
  }

  /** An object counts if it is as large as it was when it was sent: some services keep a part when they crash. */
  async function sizeOf(digest: Digest): Promise<number | undefined> {
    const response = await send({ method: 'HEAD', url: objectUrl(digest), headers: new Headers() });
    await discard(response);
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new StoreAnswerError('the question for an object', response.status);
    const size = lengthOf(response);
    if (size === undefined) throw new StoreProtocolError('the store does not say how large an object is');
    return response.headers.get(sizeHeader) === String(size) ? size : undefined;
  }

  function objectUrl(digest: Digest): URL {
    return urlOf(`${keyPrefix}${contentFileName(digest)}`);
  }

  function urlOf(key: string): URL {
    const url = new URL(root);
    const path = key.split('/').map(encodeURIComponent).join('/');
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
    return url;
  }

  async function send(request: StoreRequest): Promise<Response> {
    const { method, url, headers, body } = request;
    if (!headers.has('x-amz-content-sha256')) headers.set('x-amz-content-sha256', emptyHash);
    const signed = await new AwsV4Signer({ ...signer, method, url: url.href, headers }).sign();
    const complete = { method, url: signed.url, headers: signed.headers };
    return await exchange(body === undefined ? complete : { ...complete, body }, patience.idle, spool.closed);
  }

  async function succeed(what: string, request: StoreRequest): Promise<Response> {
    const response = await send(request);
    if (response.ok) return response;
    const text = Buffer.from(await readSmall(response, 65_536, patience.idle)).toString();
    // The code alone: messages of a store may repeat what was sent to it.
    throw new StoreAnswerError(what, response.status, /<Code>(\w{1,100})<\/Code>/.exec(text)?.[1]);
  }
}

/** The URL of a bucket. On AWS it is in the name of the host, unless it has dots, which no certificate covers. */
export function bucketUrl(bucket: string, region: string, endpoint?: string): URL {
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}`);
  return bucket.includes('.')
    ? new URL(`https://s3.${region}.amazonaws.com/${bucket}`)
    : new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
}

function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
