import { parseDigest, parsePublicKey } from '@warg/crypto';
import { type PackageName, packageLogId, parsePackageName } from '@warg/protocol';
import type { ContentSource } from '../content/content.ts';
import { chunksOf, hashInto } from '../content/hashing.ts';
import type { ClientContext } from '../context.ts';
import { ClientError } from '../errors.ts';
import type { CallOptions, PublishEntry, PublishOptions } from '../options.ts';
import { readName } from '../resolve.ts';
import type { PendingPublish, PublishResult, StoredPublishEntry } from '../results.ts';
import {
  countOf,
  listOf,
  type Members,
  membersOf,
  readDocument,
  textOf,
  writeDocument,
} from '../state/document.ts';
import { changeDocument } from '../state/submission.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { prepareEntries } from './entries.ts';
import { publishPrepared } from './publish.ts';

/** Lists of entries that wait to be submitted as one record, kept in storage, one list a package. */
export interface PendingPublishes {
  /** Begins a list. @throws ClientError `PENDING_EXISTS` */
  start(name: string): Promise<PendingPublish>;
  /** All lists of this registry, by name. */
  list(): Promise<readonly PendingPublish[]>;
  get(name: string): Promise<PendingPublish | undefined>;
  /** Adds entries; their content is copied to the storage's cache. @throws ClientError `PENDING_MISSING` */
  add(name: string, entries: readonly PublishEntry[], options?: CallOptions): Promise<PendingPublish>;
  /**
   * Publishes the list as one record, and removes it when the registry has accepted the record. A list that the
   * registry refuses stays, so that it can be mended or aborted.
   *
   * @throws ClientError `PENDING_MISSING` | `NOTHING_TO_PUBLISH`, and what `publish` may throw
   */
  submit(name: string, options?: PublishOptions): Promise<PublishResult>;
  /** Forgets the list. @throws ClientError `PENDING_MISSING` */
  abort(name: string): Promise<PendingPublish>;
}

const format = 'warg-client-pending-1';
const prefix = 'pending/';

export function pendingPublishes(context: ClientContext): PendingPublishes {
  const { documents } = context;

  async function require(name: PackageName): Promise<PendingPublish> {
    const pending = await readPending(await documents.snapshot(), keyOf(name));
    if (pending !== undefined) return pending;
    throw new ClientError('PENDING_MISSING', `no publish of ${name} was started: start one first`, { name });
  }

  async function write(pending: PendingPublish, options: CallOptions): Promise<PendingPublish> {
    const { name, startedAt, entries } = pending;
    const document = writeDocument(format, { name, startedAt: startedAt.getTime(), entries });
    await changeDocument(context, keyOf(name), document, options.signal);
    return pending;
  }

  const self: PendingPublishes = {
    async start(text) {
      const name = readName(text);
      if ((await self.get(name)) !== undefined) {
        throw new ClientError(
          'PENDING_EXISTS',
          `a publish of ${name} was started already: add to it, submit it or abort it`,
          { name },
        );
      }
      return write({ name, startedAt: new Date(context.now()), entries: [] }, {});
    },

    async list() {
      const snapshot = await documents.snapshot();
      const all: PendingPublish[] = [];
      for (const key of snapshot.keys(prefix)) {
        const pending = await readPending(snapshot, key);
        if (pending !== undefined) all.push(pending);
      }
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async get(text) {
      return readPending(await documents.snapshot(), keyOf(readName(text)));
    },

    async add(text, entries, options = {}) {
      const name = readName(text);
      await require(name);
      const prepared = await prepareEntries(context, entries, options);
      for (const source of prepared.contents.values()) await copyToCache(context, source, options);
      const pending = await require(name);
      return write({ ...pending, entries: [...pending.entries, ...prepared.entries] }, options);
    },

    async submit(text, options = {}) {
      const name = readName(text);
      const { entries } = await require(name);
      if (entries.length === 0) {
        throw new ClientError(
          'NOTHING_TO_PUBLISH',
          `the publish of ${name} that was started has no entries yet`,
          { name },
        );
      }
      const result = await publishPrepared(
        context,
        { name, head: undefined, entries, contents: new Map() },
        options,
      );
      if (result.state !== 'dry-run') await changeDocument(context, keyOf(name), undefined, undefined);
      return result;
    },

    async abort(text) {
      const name = readName(text);
      const pending = await require(name);
      await changeDocument(context, keyOf(name), undefined, undefined);
      return pending;
    },
  };
  return self;
}

function keyOf(name: PackageName): string {
  return `${prefix}${packageLogId(name).slice('sha256:'.length)}`;
}

async function readPending(snapshot: StorageSnapshot, key: string): Promise<PendingPublish | undefined> {
  return readDocument(snapshot, key, format, (members) => ({
    name: parsePackageName(textOf(members['name'])),
    startedAt: new Date(countOf(members['startedAt'])),
    entries: listOf(members['entries'], (entry) => readEntry(membersOf(entry))),
  }));
}

function readEntry(members: Members): StoredPublishEntry {
  const permissions = () =>
    listOf(members['permissions'], (permission) => {
      if (permission !== 'release' && permission !== 'yank') throw new TypeError('unknown permission');
      return permission;
    });
  const type = textOf(members['type']);
  switch (type) {
    case 'init':
      return { type };
    case 'release': {
      const size = members['size'] === undefined ? {} : { size: countOf(members['size']) };
      return {
        type,
        version: textOf(members['version']),
        content: parseDigest(textOf(members['content'])),
        ...size,
      };
    }
    case 'yank':
      return { type, version: textOf(members['version']) };
    case 'grant':
      return { type, key: parsePublicKey(textOf(members['key'])), permissions: permissions() };
    case 'revoke':
      return { type, keyId: textOf(members['keyId']), permissions: permissions() };
    default:
      throw new TypeError('unknown entry');
  }
}

async function copyToCache(
  context: ClientContext,
  source: ContentSource,
  { signal }: CallOptions,
): Promise<void> {
  const sink = await context.storage.content.open();
  try {
    const { digest } = await hashInto(chunksOf(source.open()), sink, () => signal?.throwIfAborted());
    await sink.commit(digest);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
