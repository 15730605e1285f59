import { createSha256, digestFromBytes, isDigest } from '@warg/crypto';
import type { ContentStore } from '../content/content-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { messageOf, type Report } from './findings.ts';

/** Reads every content that a release names, once, and computes its digest. Withdrawn ones may be gone. */
export class ContentCheck {
  readonly #store: RegistryStore;
  readonly #content: ContentStore;
  readonly #report: Report;
  readonly #seen = new Set<string>();
  #bytes = 0;

  constructor(store: RegistryStore, content: ContentStore, report: Report) {
    this.#store = store;
    this.#content = content;
    this.#report = report;
  }

  get contents(): number {
    return this.#seen.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async check(digest: string, of: string): Promise<void> {
    if (this.#seen.has(digest) || !isDigest(digest)) return;
    this.#seen.add(digest);
    const where = `content ${digest} of ${of}`;
    try {
      const size = await this.#content.size(digest);
      if (size === undefined) {
        const [withdrawn] = await this.#store.read((reads) => reads.withdrawals([digest]));
        if (withdrawn !== undefined) return;
        this.#report({
          code: 'CONTENT_MISSING',
          where,
          message: 'expected it in the content store, found none',
        });
        return;
      }
      const hash = createSha256();
      let read = 0;
      for await (const chunk of await this.#content.read(digest)) {
        hash.update(chunk);
        read += chunk.byteLength;
      }
      this.#bytes += read;
      const found = digestFromBytes(hash.digest());
      if (found === digest && read === size) return;
      const message = `expected ${size} bytes with this digest, found ${read} with ${found}`;
      this.#report({ code: 'CONTENT_DAMAGED', where, message });
    } catch (error) {
      this.#report({ code: 'UNREADABLE', where, message: messageOf(error) });
    }
  }
}
