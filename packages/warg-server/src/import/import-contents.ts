import { type Digest, quote } from '@warg/crypto';
import { type Envelope, type LogId, OPERATOR_LOG_ID } from '@warg/protocol';
import { ContentError, type ContentStore } from '../content/content-store.ts';
import { reasonOf } from '../content/remote/operation.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { ImportError } from './errors.ts';
import { Ledger } from './ledger.ts';
import type { RecordSpool } from './record-spool.ts';
import type { RegistrySource } from './source.ts';
import { contentsOf } from './write-records.ts';

/** How many contents are fetched at once. */
const PARALLEL = 8;
/** How often a content is asked for that breaks off. */
const TRIES = 3;
const GROUP = 1000;

export interface ContentsResult {
  readonly fetched: number;
  readonly bytes: number;
  /** Contents that were there already. */
  readonly present: number;
  /** Contents that the other registry does not have, or does not give. */
  readonly missing: number;
}

/**
 * Fetches the contents that are not there yet, some at once. Each is stored only if it has its digest.
 *
 * @throws ImportError `IMPORT_CONTENT_UNAVAILABLE` if one is offered and cannot be had; those that came stay
 */
export async function importContents(
  source: RegistrySource,
  content: ContentStore,
  digests: AsyncIterable<Digest>,
  {
    maxBytes,
    onProgress = () => {},
  }: { readonly maxBytes: number; readonly onProgress?: (done: number) => void },
): Promise<ContentsResult> {
  const result = { fetched: 0, bytes: 0, present: 0, missing: 0 };
  const queue = digests[Symbol.asyncIterator]();
  const seen = new Set<Digest>();
  let failed = false;
  const work = async (): Promise<void> => {
    while (!failed) {
      const { done, value: digest } = await queue.next();
      if (done) return;
      // The same content may be named by many records.
      if (seen.has(digest)) continue;
      seen.add(digest);
      try {
        if ((await content.size(digest)) !== undefined) result.present += 1;
        else {
          const size = await fetchContent(source, content, digest, maxBytes);
          if (size === undefined) result.missing += 1;
          else {
            result.fetched += 1;
            result.bytes += size;
          }
        }
        onProgress(result.fetched + result.present + result.missing);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: PARALLEL }, work));
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return result;
}

/**
 * Every content that the records of the store name, and those that were fetched.
 *
 * @param fetched the records behind those of the store, and which they are
 */
export async function* contentsNamed(
  store: RegistryStore,
  ledger: Ledger,
  fetched: RecordSpool,
): AsyncGenerator<Digest> {
  for (let first = 0; first < ledger.start; first += GROUP) {
    const until = Math.min(first + GROUP, ledger.start);
    const found = await store.read(async (reads) => {
      const stored = new Ledger(first, await reads.ledger(first, until));
      return reads.findRecords([...stored.groups(GROUP)].flatMap(({ keys }) => keys));
    });
    for (const record of found) yield* digestsOf(record!.logId, record!.envelope);
  }
  let index = ledger.start;
  for await (const group of fetched.groups(GROUP)) {
    for (const { envelope } of group) yield* digestsOf(ledger.at(index++).logId, envelope);
  }
}

function digestsOf(logId: LogId, { contentBytes }: Envelope): readonly Digest[] {
  return logId === OPERATOR_LOG_ID ? [] : contentsOf(contentBytes).map(({ digest }) => digest);
}

/** @returns the size; undefined if it is not offered */
async function fetchContent(
  source: RegistrySource,
  content: ContentStore,
  digest: Digest,
  maxBytes: number,
): Promise<number | undefined> {
  const sources = await source.contentSources(digest);
  if (sources.length === 0) return undefined;
  let reason: unknown;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    for (const { url } of sources) {
      try {
        return await content.write(digest, await source.content(url), maxBytes);
      } catch (error) {
        if (error instanceof ContentError && error.code === 'CONTENT_TOO_LARGE')
          throw tooLarge(digest, error);
        // What is wrong with our own store does not become better by asking elsewhere.
        if (error instanceof ContentError && error.code !== 'CONTENT_DIGEST_MISMATCH') throw error;
        reason = error;
      }
    }
  }
  throw new ImportError(
    'IMPORT_CONTENT_UNAVAILABLE',
    `the content ${digest} cannot be had from ${sources.map(({ url }) => quote(url)).join(', ')}: ${reasonOf(reason)}`,
    { cause: reason },
  );
}

function tooLarge(digest: Digest, cause: ContentError): ImportError {
  return new ImportError(
    'IMPORT_CONTENT_UNAVAILABLE',
    `${cause.message}: the content ${digest} needs a higher --max-content-size`,
    { cause },
  );
}
