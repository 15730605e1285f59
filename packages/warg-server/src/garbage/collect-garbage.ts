import type { Digest } from '@warg/crypto';
import type { ContentStore, StoredContent } from '../content/content-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';

export interface GarbageOptions {
  readonly store: RegistryStore;
  readonly content: ContentStore;
  /** Who does this, for the audit log. */
  readonly actor: string;
  /** Contents younger than this stay, ms. */
  readonly minAge: number;
  /** Removes nothing, and says what would be. */
  readonly dryRun?: boolean;
  /** ms since the epoch; for tests */
  readonly now?: () => number;
  /** Told each time after some more contents. */
  readonly onProgress?: (soFar: GarbageSummary) => void;
}

/** What was found and removed. */
export interface GarbageSummary {
  /** Contents that were looked at. */
  readonly contents: number;
  readonly bytes: number;
  /** Of these, those that a record names. */
  readonly named: number;
  /** Those that no record names, but that are too young, or of unknown age. */
  readonly young: number;
  /** Those that were removed, or with `dryRun` would be. */
  readonly removed: number;
  readonly removedBytes: number;
}

/** Contents that are asked about, and removed, together. */
const BATCH = 100;
const AT_ONCE = 8;
/** How long a removal may be under way, ms: longer than any clock is wrong by. Half of that is for removing. */
const REMOVING = 20 * 60_000;
/** How long it is remembered, ms: longer than a submission takes, which asks for contents before it names them. */
export const REMEMBERED = 4 * 3_600_000;

/**
 * Removes contents that no record names: those of records that were rejected or expired, and those that never had one.
 * Registries may serve from the same store and the same contents meanwhile.
 *
 * What a record comes to name while its content is being removed is not lost. A removal is noted in the store, in the
 * transaction that finds that no record names the content; only then is the content removed. A record that names it from
 * there on has it as missing, however the content store answered before, so that it is uploaded again; and an upload that ends
 * while the removal is noted counts only if the content is seen after the removal is over.
 *
 * @throws ContentError | StoreError; what was removed until then is removed, and noted
 */
export async function collectGarbage(options: GarbageOptions): Promise<GarbageSummary> {
  const { store, content, actor, dryRun = false, now = Date.now } = options;
  const sum = { contents: 0, bytes: 0, named: 0, young: 0, removed: 0, removedBytes: 0 };
  try {
    for await (const batch of batches(content.list())) {
      await collectBatch(batch);
      options.onProgress?.({ ...sum });
    }
    // Uploads into the store that nobody completed. Their records have expired.
    if (!dryRun) await content.staging?.removeOlder(now() - options.minAge);
  } finally {
    if (!dryRun && sum.removed > 0) {
      const details = { removed: sum.removed, bytes: sum.removedBytes };
      await store.transaction(async (transaction) => {
        await transaction.forgetPastRemovals(now());
        await transaction.appendAudit({ time: now(), actor, action: 'content.gc', details });
      });
    }
  }
  return sum;

  async function collectBatch(batch: readonly StoredContent[]): Promise<void> {
    const digests = batch.map(({ digest }) => digest);
    const areNamed = await store.read((reads) => reads.areContentsNamed(digests));
    const oldest = now() - options.minAge;
    const garbage: StoredContent[] = [];
    for (const [index, each] of batch.entries()) {
      sum.contents++;
      sum.bytes += each.size;
      if (areNamed[index]) sum.named++;
      else if (each.storedAt === undefined || each.storedAt > oldest) sum.young++;
      else garbage.push(each);
    }
    if (dryRun) garbage.forEach(count);
    else if (garbage.length > 0) await removeAll(garbage);
  }

  function count({ size }: StoredContent): void {
    sum.removed++;
    sum.removedBytes += size;
  }

  /** Removes and counts them, but for what a record came to name meanwhile. */
  async function removeAll(garbage: readonly StoredContent[]): Promise<void> {
    const began = now();
    const noted = await store.transaction(async (transaction) => {
      const areNamed = await transaction.areContentsNamed(garbage.map(({ digest }) => digest));
      const unnamed = garbage.filter((_, index) => !areNamed[index]);
      await transaction.noteRemovals(digestsOf(unnamed), 'removing', began + REMOVING);
      return unnamed;
    });
    sum.named += garbage.length - noted.length;
    const left = [...noted];
    const tried: StoredContent[] = [];
    const worker = async (): Promise<void> => {
      for (let each = left.shift(); each !== undefined; each = left.shift()) {
        if (now() > began + REMOVING / 2)
          throw new Error('the content store takes too long to remove contents');
        tried.push(each);
        await content.remove(each.digest);
        count(each);
      }
    };
    // Whoever called may close both stores once this fails: by then nothing may be under way any more.
    const ends = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, () =>
        worker().catch((error) => {
          left.length = 0;
          throw error;
        }),
      ),
    );
    const until = now() + REMEMBERED;
    // Of one whose removal failed nobody knows whether it is there: it is uploaded again where it is needed.
    await store.transaction((transaction) => transaction.noteRemovals(digestsOf(tried), 'removed', until));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function digestsOf(contents: readonly StoredContent[]): readonly Digest[] {
  return contents.map(({ digest }) => digest);
}

async function* batches(contents: AsyncIterable<StoredContent>): AsyncGenerator<readonly StoredContent[]> {
  let batch: StoredContent[] = [];
  for await (const each of contents) {
    batch.push(each);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
