import type { Digest } from '@warg/crypto';

/** Content that can be read more than once: a file, bytes, a Blob. */
export interface OpenableContent {
  /** In bytes, where it is known. */
  readonly size?: number | undefined;
  /** Reads from the beginning. */
  open(): AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;
}

/** Content as a caller may give it. A stream that can be read once is first copied to the storage's cache. */
export type ContentInput =
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | OpenableContent;

/** Where bytes are written before it is known that they are right. */
export interface ContentSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes appear under their final name. Returns the path, where there is one. */
  commit(digest: Digest): Promise<string | undefined>;
  /** Leaves nothing behind. May be called at any time but after `commit`, and does not throw. */
  abort(): Promise<void>;
}

/** A place for one download. */
export interface ContentDestination {
  open(): Promise<ContentSink>;
  /** Reads what `commit` made appear. */
  read(): OpenableContent;
}

/** Content by digest. It is never trusted: whoever reads it hashes it. */
export interface ContentCache {
  /** The content, or undefined where it is not here. */
  get(
    digest: Digest,
  ): Promise<(OpenableContent & { readonly size: number; readonly path?: string | undefined }) | undefined>;
  /** Begins to write content whose digest is known only at the end. */
  open(): Promise<ContentSink>;
  /** Removes one content. */
  delete(digest: Digest): Promise<void>;
  /** Removes everything, and says how much that was. */
  clear(): Promise<{ readonly count: number; readonly bytes: number }>;
}
