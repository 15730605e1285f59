import { createSha256, type Digest, digestFromBytes, WargError } from '@warg/crypto';

/** The bytes `start` to `end` of a content, both included and counted from 0, as in a `Range` header. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Places beside the contents, one for each content and owner, where others can put something with a URL that was given to them.
 * What lies there is not stored yet, and is not believed to be what it should be.
 */
export interface ContentStaging {
  /** An upload by PUT, with these headers, that is good for `lifetime` seconds. */
  offer(
    digest: Digest,
    owner: Digest,
    lifetime: number,
  ): Promise<{ readonly url: URL; readonly headers: ReadonlyMap<string, string> }>;
  /** What was put there; undefined if nothing was. The stream holds something open until it is read or cancelled. */
  open(
    digest: Digest,
    owner: Digest,
  ): Promise<{ readonly size: number; readonly body: ReadableStream<Uint8Array<ArrayBuffer>> } | undefined>;
  remove(digest: Digest, owner: Digest): Promise<void>;
  /** Removes what was put there before `before`, ms since the epoch, and says how much that was. */
  removeOlder(before: number): Promise<number>;
}

/** A content that a store has. */
export interface StoredContent {
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
  /** When it was stored last, ms since the epoch; undefined if the store does not say. */
  readonly storedAt: number | undefined;
}

/** What may go wrong with a content, as opposed to with the disk it lies on. */
export type ContentErrorCode =
  | 'CONTENT_DIGEST_MISMATCH'
  | 'CONTENT_TOO_LARGE'
  | 'CONTENT_STORE_FULL'
  | 'CONTENT_STORE_UNAVAILABLE'
  | 'CONTENT_REFUSED'
  | 'CONTENT_POLICY_BUSY';

/**
 * A content that the store did not take, of which nothing is left behind; or a store elsewhere that did not answer as it
 * should (`CONTENT_STORE_UNAVAILABLE`, the reason being its `cause`), so that nobody knows what it has. A content policy says
 * `CONTENT_REFUSED` of what it does not want, and `CONTENT_POLICY_BUSY` while it has too much to look at.
 */
export class ContentError extends WargError {
  declare readonly code: ContentErrorCode;
  override readonly name = 'ContentError';

  constructor(code: ContentErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, options);
  }
}

/**
 * Where a registry keeps the bytes that its records name, addressed by digest.
 *
 * A store takes a content only if its bytes have the digest they are stored under, whole or not at all, and durably
 * before {@link write} resolves. It never promises that what it reads back is unharmed: readers check the digest.
 */
export interface ContentStore {
  /** The size in bytes of a stored content; undefined if there is none. */
  size(digest: Digest): Promise<number | undefined>;

  /**
   * Opens a stored content or a part of it, after its {@link size} was asked for. The stream holds something open until
   * it is read to its end or cancelled.
   *
   * @throws if the content vanished; a content that shrank makes the stream fail
   */
  read(digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

  /**
   * Takes a content while hashing it, and returns its size in bytes. Two writers of one digest may run at once.
   *
   * @param maxBytes the most that is taken, checked while the bytes arrive
   * @throws ContentError; or whatever `body` throws. Either way nothing is left behind.
   */
  write(digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number>;

  /**
   * A URL from which anybody can download the content, for `lifetime` seconds. Only stores that can make one have this.
   */
  temporaryUrl?(digest: Digest, lifetime: number): Promise<URL>;

  /** Places where publishers can put contents themselves. Only stores that can make them have this. */
  readonly staging?: ContentStaging;

  /** Every content that is stored, in no order. What comes or goes meanwhile may or may not be among them. */
  list(): AsyncIterable<StoredContent>;

  /**
   * Removes a content. One that is not there, or that somebody else put there, is left as it is.
   *
   * @throws ContentError `CONTENT_STORE_UNAVAILABLE` also where the store lets nobody remove anything
   */
  remove(digest: Digest): Promise<void>;

  /** Forgets what unfinished writes left. Writes that still run fail. */
  close(): Promise<void>;
}

/**
 * Passes the chunks of `body` on to `take`, and checks size and digest.
 *
 * @returns the number of bytes, all of which `take` has seen
 * @throws ContentError `CONTENT_TOO_LARGE` before the chunk that goes beyond `maxBytes` is taken; `CONTENT_DIGEST_MISMATCH`
 */
export async function takeVerified(
  digest: Digest,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  take: (chunk: Uint8Array) => Promise<void> | void,
): Promise<number> {
  const hash = createSha256();
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new ContentError(
        'CONTENT_TOO_LARGE',
        `content is larger than the ${maxBytes} bytes that this registry accepts`,
      );
    }
    hash.update(chunk);
    await take(chunk);
  }
  const found = digestFromBytes(hash.digest());
  if (found !== digest) {
    throw new ContentError(
      'CONTENT_DIGEST_MISMATCH',
      `content digest \`${found}\` does not match expected digest \`${digest}\``,
    );
  }
  return size;
}
