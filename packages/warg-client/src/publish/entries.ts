import { type Digest, type PublicKey, parseDigest, parsePublicKey, WargError } from '@warg/crypto';
import type { PackageEntry } from '@warg/protocol';
import type { ContentInput, OpenableContent } from '../content/content.ts';
import { chunksOf, hashInto, readableContent } from '../content/hashing.ts';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError } from '../errors.ts';
import type { CallOptions, PublishEntry } from '../options.ts';
import { readVersion } from '../resolve.ts';
import type { StoredPublishEntry } from '../results.ts';

/** Entries whose content is known by its digest, and where that content can be read. */
export interface PreparedEntries {
  readonly entries: readonly StoredPublishEntry[];
  readonly contents: ReadonlyMap<Digest, OpenableContent>;
}

/**
 * Reads entries as a caller gave them: texts are parsed, content is hashed. A stream that can be read once goes to
 * the storage's cache, for it is needed again when it is uploaded.
 *
 * @throws ClientError `INVALID_ENTRY` | `INVALID_VERSION` | `NOTHING_TO_PUBLISH`
 */
export async function prepareEntries(
  context: ClientContext,
  entries: readonly PublishEntry[],
  options: CallOptions,
): Promise<PreparedEntries> {
  // All of what is given is read before anything is awaited, so that a caller may change it afterwards.
  const given = entries.map((entry) => ({ entry: readEntry(entry), input: inputOf(entry) }));
  if (given.length === 0) {
    throw new ClientError('NOTHING_TO_PUBLISH', 'expected at least one entry to publish, found none');
  }
  const contents = new Map<Digest, OpenableContent>();
  const prepared: StoredPublishEntry[] = [];
  for (const { entry, input } of given) {
    if (entry.type !== 'release' || input === undefined) {
      prepared.push(entry);
      continue;
    }
    const { digest, size, source } = await hashInput(context, input, options);
    contents.set(digest, source);
    prepared.push({ ...entry, content: digest, size });
  }
  return { entries: prepared, contents };
}

type ReadableInput = ReturnType<typeof readableContent>;

function inputOf(entry: PublishEntry): ReadableInput | undefined {
  if (entry.type !== 'release' || typeof entry.content === 'string') return undefined;
  return readableContent(entry.content as ContentInput);
}

function readEntry(entry: PublishEntry): StoredPublishEntry {
  switch (entry.type) {
    case 'init':
      return { type: 'init' };
    case 'release': {
      const version = readVersion(entry.version);
      // Replaced once the content is hashed.
      const content = typeof entry.content === 'string' ? readDigest(entry.content) : ('' as Digest);
      return { type: 'release', version, content };
    }
    case 'yank':
      return { type: 'yank', version: readVersion(entry.version) };
    case 'grant':
      return { type: 'grant', key: readKey(entry.key), permissions: readPermissions(entry.permissions) };
    case 'revoke':
      return { type: 'revoke', keyId: entry.keyId, permissions: readPermissions(entry.permissions) };
    default:
      throw new ClientError(
        'INVALID_ENTRY',
        `expected an entry of type init, release, yank, grant or revoke, found ${JSON.stringify((entry as { type: unknown }).type)}`,
      );
  }
}

async function hashInput(
  context: ClientContext,
  input: ReadableInput,
  options: CallOptions,
): Promise<{ readonly digest: Digest; readonly size: number; readonly source: OpenableContent }> {
  const { signal } = options;
  const report = reporter(options);
  const onChunk = (total: number | undefined) => (received: number) => {
    signal?.throwIfAborted();
    report({ type: 'hash', received, total });
  };
  if ('source' in input) {
    const { source } = input;
    const found = await hashInto(chunksOf(source.open()), undefined, onChunk(source.size));
    return { ...found, source: { size: found.size, open: () => source.open() } };
  }
  const { content } = context.storage;
  const sink = await content.open();
  try {
    const found = await hashInto(chunksOf(input.stream), sink, onChunk(undefined));
    await sink.commit(found.digest);
    return { ...found, source: cachedContent(context, found.digest, found.size) };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Content in the storage's cache, found when it is needed. @throws ClientError `CONTENT_MISSING` */
export function cachedContent(
  context: ClientContext,
  digest: Digest,
  size: number | undefined,
): OpenableContent {
  return {
    size,
    async *open() {
      const cached = await context.storage.content.get(digest);
      if (cached === undefined) throw contentMissing(digest);
      yield* chunksOf(cached.open());
    },
  };
}

export function contentMissing(digest: Digest): ClientError {
  return new ClientError(
    'CONTENT_MISSING',
    `the registry asks for content ${digest}, and it is neither given nor in the cache: publish again with the content`,
    { digest },
  );
}

/** An entry as the protocol writes it, in a record that `signer` signs. */
export function protocolEntry(entry: StoredPublishEntry, signer: PublicKey): PackageEntry {
  switch (entry.type) {
    case 'init':
      return { type: 'init', hashAlgorithm: 'sha256', key: signer };
    case 'release':
      return { type: 'release', version: readVersion(entry.version), content: entry.content };
    case 'yank':
      return { type: 'yank', version: readVersion(entry.version) };
    case 'grant':
      return { type: 'grantFlat', key: entry.key, permissions: entry.permissions };
    case 'revoke':
      return { type: 'revokeFlat', keyId: entry.keyId, permissions: entry.permissions };
  }
}

function readPermissions(permissions: readonly ('release' | 'yank')[]): readonly ('release' | 'yank')[] {
  const known = permissions.filter((permission) => permission === 'release' || permission === 'yank');
  if (known.length > 0 && known.length === permissions.length) return [...known];
  throw new ClientError(
    'INVALID_ENTRY',
    `expected permissions out of release and yank, found ${JSON.stringify(permissions)}`,
  );
}

function readKey(text: string): PublicKey {
  return reading(() => parsePublicKey(text));
}

function readDigest(text: string): Digest {
  return reading(() => parseDigest(text));
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError('INVALID_ENTRY', cause.message, {}, { cause });
  }
}
