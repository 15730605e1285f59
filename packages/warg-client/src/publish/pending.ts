import { equalBytes, parseDigest, parsePublicKey } from '@warg/crypto';
import { type PackageName, packageLogId, parsePackageName } from '@warg/protocol';
import type { OpenableContent } from '../content/content.ts';
import { chunksOf, hashInto } from '../content/hashing.ts';
import type { ClientContext } from '../context.ts';
import { ClientError } from '../errors.ts';
import type { CallOptions, PublishEntry, PublishOptions } from '../options.ts';
import { readName } from '../resolve.ts';
import type { PendingPublish, PublishResult, StoredPublishEntry } from '../results.ts';
import { changeDocument } from '../state/change-document.ts';
import {
  countOf,
  listOf,
  type Members,
  membersOf,
  readDocument,
  textOf,
  writeDocument,
} from '../state/document.ts';
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
  /** Adds entries, also while others add some; their content is copied to the storage's cache. @throws ClientError `PENDING_MISSING` */
  add(name: string, entries: readonly PublishEntry[], options?: CallOptions): Promise<PendingPublish>;
  /**
   * Publishes the list as one record, and removes it when the registry has accepted the record. A list that the
   * registry refuses stays, so that it can be mended or aborted; entries that were added while it was being published stay
   * as the list that is submitted next.
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

  async function require(name: PackageName, snapshot?: StorageSnapshot): Promise<PendingPublish> {
    const pending = await readPending(snapshot ?? (await documents.snapshot()), keyOf(name));
    if (pending !== undefined) return pending;
    throw new ClientError('PENDING_MISSING', `no publish of ${name} was started: start one first`, { name });
  }

  /** Changes a list by what it is now: others may add to it at the same time. */
  async function change(
    name: PackageName,
    after: (snapshot: StorageSnapshot) => Promise<PendingPublish | undefined>,
    signal?: AbortSignal | undefined,
  ): Promise<void> {
    const write = async (snapshot: StorageSnapshot) => {
      const pending = await after(snapshot);
      return pending && writePending(pending);
    };
    await changeDocument(context, keyOf(name), write, signal);
  }

  const self: PendingPublishes = {
    async start(text) {
      const name = readName(text);
      const begun: PendingPublish = { name, startedAt: new Date(context.now()), entries: [] };
      await change(name, async (snapshot) => {
        if ((await readPending(snapshot, keyOf(name))) === undefined) return begun;
        throw new ClientError(
          'PENDING_EXISTS',
          `a publish of ${name} was started already: add to it, submit it or abort it`,
          { name },
        );
      });
      return begun;
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
      let added: PendingPublish | undefined;
      await change(
        name,
        async (snapshot) => {
          const pending = await require(name, snapshot);
          added = { ...pending, entries: [...pending.entries, ...prepared.entries] };
          return added;
        },
        options.signal,
      );
      return added!;
    },

    async submit(text, options = {}) {
      const name = readName(text);
      const pending = await require(name);
      const { entries } = pending;
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
      if (result.state !== 'dry-run') {
        await change(name, async (snapshot) => without(pending, await readPending(snapshot, keyOf(name))));
      }
      return result;
    },

    async abort(text) {
      const name = readName(text);
      let forgotten: PendingPublish | undefined;
      await change(name, async (snapshot) => {
        forgotten = await require(name, snapshot);
        return undefined;
      });
      return forgotten!;
    },
  };
  return self;
}

function keyOf(name: PackageName): string {
  return `${prefix}${packageLogId(name).slice('sha256:'.length)}`;
}

/** What is left of a list when what it was has been published; undefined where nothing is. */
function without(published: PendingPublish, now: PendingPublish | undefined): PendingPublish | undefined {
  // Aborted meanwhile, and perhaps begun anew: that is another list.
  const { length } = published.entries;
  const continues =
    now !== undefined && sameBytes({ ...now, entries: now.entries.slice(0, length) }, published);
  if (!continues) return now;
  return now.entries.length === length ? undefined : { ...now, entries: now.entries.slice(length) };
}

function sameBytes(a: PendingPublish, b: PendingPublish): boolean {
  return equalBytes(writePending(a), writePending(b));
}

function writePending({ name, startedAt, entries }: PendingPublish): Uint8Array {
  return writeDocument(format, { name, startedAt: startedAt.getTime(), entries });
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
  source: OpenableContent,
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
