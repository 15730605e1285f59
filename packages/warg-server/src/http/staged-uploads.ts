import type { Digest } from '@warg/crypto';
import type { RecordId } from '@warg/protocol';
import { apiError, type UploadEndpoint } from '@warg/protocol/api';
import { ContentError, type ContentStaging } from '../content/content-store.ts';
import type { PolicedStore } from '../policy/content/policed-content.ts';
import type { ContentUse } from '../registry/core-options.ts';

/** Contents of one record for which a place in the store is offered; the others come through the registry. */
const mostOffers = 100;

/** Where publishers can put contents besides sending them to us: into the store itself, if we offer that. */
export class StagedUploads {
  readonly #store: () => { readonly staging?: ContentStaging };
  readonly #lifetime: number | undefined;
  readonly #running = new Set<string>();

  /** @param lifetime how long a URL into the store is good, seconds; undefined to offer none */
  constructor(store: () => { readonly staging?: ContentStaging }, lifetime: number | undefined) {
    this.#store = store;
    this.#lifetime = lifetime;
  }

  get #staging(): ContentStaging | undefined {
    return this.#lifetime === undefined ? undefined : this.#store().staging;
  }

  /**
   * Where a content can be put besides our own upload, which every client knows.
   *
   * @param index its place among the contents that the record lacks
   */
  async offers(recordId: RecordId, digest: Digest, index: number): Promise<readonly UploadEndpoint[]> {
    const staging = this.#staging;
    if (staging === undefined || this.#lifetime === undefined || index >= mostOffers) return [];
    const { url, headers } = await staging.offer(digest, recordId, this.#lifetime);
    return [{ type: 'http', method: 'PUT', url: url.href, headers }];
  }

  /**
   * Takes over what a publisher put into the store: reads it back and hashes it, for nothing is believed of it, and stores it
   * as if it had been sent to us. What was put there is gone afterwards, whether it was right or not.
   *
   * @returns its size in bytes
   * @throws ApiError 404 (nothing was put there), 409 (it is being taken over already)
   * @throws ContentError; what was put there stays only if the store could not be reached or the policy was busy
   */
  async complete(
    use: ContentUse,
    recordId: RecordId,
    policed: PolicedStore,
    maxBytes: number,
  ): Promise<number> {
    const staging = this.#staging;
    if (staging === undefined) throw apiError(404, 'this registry offers no uploads into its content store');
    const name = `${recordId}/${use.digest}`;
    if (this.#running.has(name))
      throw apiError(409, 'this upload is being taken over already: ask for the record');
    this.#running.add(name);
    try {
      const found = await staging.open(use.digest, recordId);
      if (found === undefined) {
        throw apiError(404, `content \`${use.digest}\` was not put into the content store: upload it first`);
      }
      let isLeft = false;
      try {
        if (found.size > maxBytes) throw tooLarge(maxBytes);
        return await policed.take(use, found.body, maxBytes);
      } catch (error) {
        isLeft = !(error instanceof ContentError) || !isFinal(error);
        throw error;
      } finally {
        await found.body.cancel().catch(() => {});
        if (!isLeft) await staging.remove(use.digest, recordId).catch(() => {});
      }
    } finally {
      this.#running.delete(name);
    }
  }
}

/** Where nobody may upload into the store. */
export const noStagedUploads = new StagedUploads(() => ({}), undefined);

/** Whether the same bytes would have the same fate again. */
function isFinal({ code }: ContentError): boolean {
  return ['CONTENT_DIGEST_MISMATCH', 'CONTENT_TOO_LARGE', 'CONTENT_REFUSED'].includes(code);
}

function tooLarge(maxBytes: number): ContentError {
  return new ContentError(
    'CONTENT_TOO_LARGE',
    `content is larger than the ${maxBytes} bytes that this registry accepts`,
  );
}
