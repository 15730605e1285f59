import { type Digest, digestToBytes, encodeBase64 } from '@warg/crypto';
import type { ContentStaging } from '../content-store.ts';
import { contentFileName, digestOfFileName } from '../file-content.ts';
import { discard, type Patience, readSmall, type StoreRequest } from '../remote/exchange.ts';
import { operate, StoreAnswerError, StoreProtocolError } from '../remote/operation.ts';
import { lengthOf, partOf } from '../remote/part.ts';
import { readListing } from './listing.ts';

/** What staging needs of the bucket. */
export interface StagingBucket {
  readonly patience: Patience;
  readonly closed: AbortSignal;
  /** The URL of an object, or of the bucket. */
  url(key?: string): URL;
  send(request: StoreRequest): Promise<Response>;
  /** Throws what the store has against it, if it is not taken. */
  succeed(what: string, request: StoreRequest): Promise<Response>;
  /** A URL that carries the right to a request with exactly these headers, for so many seconds. */
  presign(method: 'PUT', url: URL, headers: Headers, lifetime: number): Promise<URL>;
}

const largestListing = 4 * 2 ** 20;

/**
 * Objects that publishers put into the bucket themselves: `<prefix>/staging/<owner>/sha256-<hex>`. A URL is good for one of
 * them, and only together with a header that has the content's SHA-256, which S3 compares with what arrives. The size is not
 * known when the URL is made, and services other than S3 may not know the header: so nothing is believed of such an object.
 */
export function s3Staging(bucket: StagingBucket, keyPrefix: string): ContentStaging {
  const { patience, closed } = bucket;
  const prefix = `${keyPrefix}staging/`;
  const urlOf = (digest: Digest, owner: Digest): URL =>
    bucket.url(`${prefix}${contentFileName(owner)}/${contentFileName(digest)}`);

  return {
    async offer(digest, owner, lifetime) {
      const checksum = encodeBase64(digestToBytes(digest));
      const headers = new Map([['x-amz-checksum-sha256', checksum]]);
      const url = await bucket.presign('PUT', urlOf(digest, owner), new Headers([...headers]), lifetime);
      return { url, headers };
    },

    open: (digest, owner) =>
      operate(`open the upload of ${digest}`, patience, closed, async () => {
        const response = await bucket.send({
          method: 'GET',
          url: urlOf(digest, owner),
          headers: new Headers(),
        });
        if (response.status === 404) {
          await discard(response);
          return undefined;
        }
        if (response.status !== 200) {
          await discard(response);
          throw new StoreAnswerError('the question for an upload', response.status);
        }
        const size = lengthOf(response);
        if (size === undefined) throw new StoreProtocolError('the store does not say how large an object is');
        return { size, body: partOf(response, undefined, patience.idle) };
      }),

    remove: (digest, owner) =>
      operate(`remove the upload of ${digest}`, patience, closed, () => removeAt(urlOf(digest, owner))),

    async removeOlder(before) {
      let count = 0;
      for (let after: string | undefined; ; ) {
        const page = await operate('list the uploads', patience, closed, () => listAfter(after));
        for (const { key, modified } of page.objects) {
          const name = key.slice(key.lastIndexOf('/') + 1);
          if (modified === undefined || modified >= before || digestOfFileName(name) === undefined) continue;
          await operate('remove an upload', patience, closed, () => removeAt(bucket.url(key)));
          count++;
        }
        const last = page.objects.at(-1)?.key;
        if (!page.isTruncated) return count;
        if (last === undefined || last === after) {
          throw new StoreProtocolError('the store lists no more of a bucket that has more');
        }
        after = last;
      }
    },
  };

  async function removeAt(url: URL): Promise<void> {
    await discard(await bucket.succeed('a removal', { method: 'DELETE', url, headers: new Headers() }));
  }

  async function listAfter(after: string | undefined) {
    const url = bucket.url();
    const query = new URLSearchParams({ 'list-type': '2', prefix });
    if (after !== undefined) query.set('start-after', after);
    url.search = query.toString();
    const answer = await bucket.succeed('a list of the bucket', {
      method: 'GET',
      url,
      headers: new Headers(),
    });
    return readListing(Buffer.from(await readSmall(answer, largestListing, patience.idle)).toString());
  }
}
