import { createReadStream } from 'node:fs';
import { ContentError, type ContentStore } from '../../content/content-store.ts';
import { openSpool, type Spool } from '../../content/spool.ts';
import type { ContentUse } from '../../registry/core-options.ts';
import type { ContentPolicy } from './content-policy.ts';

/** A content store behind a policy. */
export interface PolicedStore {
  /**
   * Stores a content that the policy lets through, and returns its size in bytes.
   *
   * @throws ContentError; `CONTENT_REFUSED` if the policy does not want it. Nothing is left behind.
   */
  take(use: ContentUse, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number>;
  /**
   * Asks the policy about a content that is stored already.
   *
   * @throws ContentError `CONTENT_REFUSED` | `CONTENT_POLICY_BUSY`
   */
  checkStored(use: ContentUse): Promise<void>;
  close(): Promise<void>;
}

/**
 * Puts a policy before a store: contents grow in a file of their own first, and go to the store once the policy has seen
 * them whole.
 */
export async function policedStore(
  content: ContentStore,
  policy: ContentPolicy | undefined,
): Promise<PolicedStore> {
  if (policy === undefined) {
    return {
      take: ({ digest }, body, maxBytes) => content.write(digest, body, maxBytes),
      async checkStored() {},
      async close() {},
    };
  }
  const spool: Spool = await openSpool();
  return {
    take: (use, body, maxBytes) =>
      spool.take(use.digest, body, maxBytes, async ({ path, size }) => {
        await policy.check({ ...use, size, file: async () => path });
        return await content.write(use.digest, createReadStream(path), maxBytes);
      }),

    async checkStored(use) {
      const size = await content.size(use.digest);
      if (size === undefined) return;
      const copy = new StoredCopy(() => content.read(use.digest), use, size, spool);
      try {
        await policy.check({ ...use, size, file: () => copy.path() });
      } catch (error) {
        throw isDamage(error) ? unreadable(error) : error;
      } finally {
        await copy.drop();
      }
    },

    async close() {
      await policy.close?.();
      await spool.close();
    },
  };
}

/** A content in a file of its own: fetched only if a policy does not know its digest already, and kept until it has seen it. */
class StoredCopy {
  readonly #fetch: (use: (path: string) => Promise<void>) => Promise<void>;
  #fetching: Promise<void> | undefined;
  #drop: () => void = () => {};

  constructor(
    read: () => Promise<AsyncIterable<Uint8Array>>,
    { digest }: ContentUse,
    size: number,
    spool: Spool,
  ) {
    this.#fetch = async (use) => spool.take(digest, await read(), size, ({ path }) => use(path));
  }

  path(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#fetching = this.#fetch((path) => {
        resolve(path);
        return new Promise((drop) => {
          this.#drop = drop;
        });
      });
      this.#fetching.catch(reject);
    });
  }

  async drop(): Promise<void> {
    this.#drop();
    await this.#fetching?.catch(() => {});
  }
}

/** What the store gave back is not what was given to it. */
function isDamage(error: unknown): boolean {
  return error instanceof ContentError && error.code === 'CONTENT_DIGEST_MISMATCH';
}

function unreadable(cause: unknown): ContentError {
  return new ContentError('CONTENT_STORE_UNAVAILABLE', 'a content of this record cannot be read back now', {
    cause,
  });
}
