import { type PackageName, packageLogId, parseRecordId, type RecordId } from '@warg/protocol';
import type { ClientContext, Connection } from './context.ts';
import { downloadContent } from './download/download.ts';
import { ClientError } from './errors.ts';
import { fetchTransport, offlineTransport } from './http/transport.ts';
import { parseRegistry } from './http/urls.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type {
  Auth,
  CallOptions,
  DownloadOptions,
  OpenOptions,
  PublishOptions,
  PublishRequest,
  ReadOptions,
  ResetOptions,
  WaitOptions,
  Wanted,
} from './options.ts';
import { type PendingPublishes, pendingPublishes } from './publish/pending.ts';
import { publish } from './publish/publish.ts';
import { waitForPublish } from './publish/wait.ts';
import { operatorOf, packageOf, packagesOf } from './read.ts';
import { discoverRegistry } from './registry/discovery.ts';
import { registryApi } from './registry/registry-api.ts';
import { chooseRelease, readName, readWanted } from './resolve.ts';
import type {
  DownloadResult,
  OperatorInfo,
  PackageInfo,
  PublishResult,
  ResetResult,
  Resolution,
  UpdateResult,
} from './results.ts';
import { evidencePrefix } from './state/evidence-documents.ts';
import { logCache } from './state/log-cache.ts';
import { resetDocuments } from './state/reset.ts';
import { stateCache } from './state/state-cache.ts';
import type { RegistryStorage } from './storage/storage.ts';
import { updateRegistry } from './update/update.ts';
import { updateResult } from './update/update-result.ts';
import { type Evidence, parseEvidence, parsePin } from './verify/evidence.ts';

/**
 * A client of one registry: it verifies every answer, keeps what it verified, resolves, downloads and publishes.
 *
 * @example
 * const client = await WargClient.open({ registry: 'registry.example', storage: memoryStorage() });
 * const hello = await client.download('example:hello', '^1.2');
 * const wasm = await hello.bytes();
 */
export class WargClient {
  readonly #context: ClientContext;
  readonly #writing: Writing;
  /** Lists of entries that wait to be submitted as one record. */
  readonly pending: PendingPublishes;

  private constructor(context: ClientContext, writing: Writing) {
    this.#context = context;
    this.#writing = writing;
    this.pending = pendingPublishes(context);
  }

  /**
   * Opens a client. Nothing is asked of the registry, nor read from storage, before it is needed.
   *
   * @throws ClientError `INVALID_REGISTRY` | `INSECURE_URL` | `INVALID_OPERATOR_KEY`
   */
  static async open(options: OpenOptions): Promise<WargClient> {
    const address = parseRegistry(options.registry);
    const limits: Limits = { ...defaultLimits, ...withoutUndefined(options.limits ?? {}) };
    const offline = options.offline === true;
    const transport = offline
      ? offlineTransport()
      : fetchTransport({ fetch: options.fetch, exchange: options.exchange, limits });
    const token = tokenOf(options.auth);
    let connection: Connection | undefined;
    const writing: Writing = new Set();
    const context: ClientContext = {
      address,
      storage: options.storage,
      documents: noting(options.storage.registry(address.name), writing),
      logs: logCache(),
      states: stateCache(),
      transport,
      limits,
      now: options.clock ?? Date.now,
      maxCheckpointAgeSeconds: options.maxCheckpointAgeSeconds,
      userPin:
        options.operatorKey === undefined
          ? undefined
          : { text: options.operatorKey, pin: parsePin(options.operatorKey) },
      signer: options.signer,
      offline,
      async connect(signal) {
        // Only what was found is shared: one caller's cancellation must not become another's.
        if (connection === undefined) {
          const { url, operatorKey } = await discoverRegistry(address, transport, limits, signal);
          connection ??= { api: registryApi(url, transport, limits, token), operatorKey };
        }
        return connection;
      },
    };
    return new WargClient(context, writing);
  }

  /** The registry as the user wrote it, as a URL: the name under which everything is kept. */
  get registry(): string {
    return this.#context.address.name;
  }

  get offline(): boolean {
    return this.#context.offline;
  }

  /**
   * Asks whether the registry lets this client in, with its token if it has one. Nothing of the answer is believed or
   * stored: this is for whoever is about to store the token.
   *
   * @throws ClientError `UNAUTHORIZED`, whose `details.token` says what is the matter, and what a call may throw
   */
  async checkAccess({ signal }: CallOptions = {}): Promise<void> {
    this.#requireOnline('asking for access');
    const { api } = await this.#context.connect(signal);
    await api.checkpoint({ signal });
  }

  /**
   * Refreshes the named packages, or without names all that are stored, to the registry's newest checkpoint.
   * Everything is verified before anything is written, and it is written in one step.
   *
   * A name that the registry does not know is no error here: it stands in the result's `absent`.
   */
  async update(names?: readonly string[], options: CallOptions = {}): Promise<UpdateResult> {
    const read = names?.map(readName);
    return updateResult(this.#context, await updateRegistry(this.#context, read, options));
  }

  /**
   * A package's verified state; refreshed first, unless the client is offline or `refresh` is false.
   *
   * @throws ClientError `PACKAGE_NOT_FOUND`, whose `details.absence` says whether that is proved | `NOT_STORED`
   */
  async package(name: string, options: ReadOptions = {}): Promise<PackageInfo> {
    return packageOf(this.#context, readName(name), options);
  }

  /** All stored packages, by name. The registry is asked first only with `refresh: true`. */
  async packages(options: ReadOptions = {}): Promise<readonly PackageInfo[]> {
    return packagesOf(this.#context, options);
  }

  /** The operator log; undefined where nothing is stored. The registry is asked first only with `refresh: true`. */
  async operator(options: ReadOptions = {}): Promise<OperatorInfo | undefined> {
    return operatorOf(this.#context, options);
  }

  /**
   * Chooses a version: the highest that meets the requirement, or the exact one. Yanked ones are not chosen.
   *
   * @param wanted a requirement as Rust's semver reads it, `*` by default, or `{ version }`
   * @throws ClientError as `package`, and `VERSION_NOT_FOUND` | `VERSION_YANKED` | `INVALID_VERSION` | `CONTENT_UNAVAILABLE`,
   *   where a release is known and its content is not
   */
  async resolve(name: string, wanted: Wanted = '*', options: ReadOptions = {}): Promise<Resolution> {
    const read = readWanted(wanted);
    return chooseRelease(await this.package(name, options), read);
  }

  /**
   * Resolves a version and brings its content to `to`, or to the storage's cache. The content is hashed on the
   * way, wherever it comes from; nothing appears under its final name that does not match.
   *
   * @throws ClientError as `resolve`, and `CONTENT_UNAVAILABLE` | `CONTENT_WITHDRAWN` | `CONTENT_MISMATCH` |
   *   `CONTENT_TOO_LARGE` | `DESTINATION_EXISTS` | `DESTINATION_UNSUPPORTED`, for a path where the storage knows no files |
   *   `OFFLINE`, for content that is not in the cache
   */
  async download(name: string, wanted: Wanted = '*', options: DownloadOptions = {}): Promise<DownloadResult> {
    return downloadContent(this.#context, await this.resolve(name, wanted, options), options);
  }

  /**
   * Publishes one record: refreshes the package, signs, checks the record against the package's rules, submits it,
   * uploads what the registry misses, waits until it is published and verifies that.
   *
   * May be called again after any failure: a record whose answer was lost is found again and not sent twice.
   *
   * @throws ClientError with one of the codes under "Publishing" in its catalogue
   * @example
   * await client.publish({ name: 'example:hello', entries: [{ type: 'release', version: '1.0.0', content }] }, { init: true });
   */
  async publish(request: PublishRequest, options: PublishOptions = {}): Promise<PublishResult> {
    this.#requireOnline('publishing');
    return publish(this.#context, request, options);
  }

  /**
   * Waits until a record that was submitted is published, and verifies that.
   *
   * @throws ClientError `PUBLISH_REJECTED` | `PUBLISH_TIMEOUT` | `RECORD_UNKNOWN` | `CONTENT_MISSING`
   */
  async waitForPublish(
    name: string,
    recordId: RecordId | string,
    options: WaitOptions = {},
  ): Promise<PackageInfo> {
    this.#requireOnline('waiting for a record');
    const read: PackageName = readName(name);
    return waitForPublish(
      this.#context,
      { name: read, logId: packageLogId(read), recordId: readRecordId(recordId) },
      options,
    );
  }

  /**
   * Forgets what is stored for this registry: packages, checkpoint, pending publishes, and whom to trust unless
   * `keepOperator` is true. Works when that is corrupt, too. Content and evidence stay.
   *
   * What goes, goes in one step: a process that is stopped meanwhile has forgotten all of it or nothing, and never whom to
   * trust alone. Evidence that is damaged cannot stay; the result says so.
   *
   * @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN` where `keepOperator` is true and whom to trust cannot
   *   be read; nothing is forgotten then
   */
  async reset(options: ResetOptions = {}): Promise<ResetResult> {
    const { documents } = this.#context;
    return documents.exclusive(() => resetDocuments(this.#context, options.keepOperator === true), {
      signal: undefined,
    });
  }

  /** Empties the storage's content cache, which all registries share. */
  async clear(): Promise<{ readonly count: number; readonly bytes: number }> {
    return this.#context.storage.content.clear();
  }

  /** Contradictions that this registry's operator signed. `encodeEvidence` makes a file of one. */
  async evidence(): Promise<readonly { readonly id: string; readonly evidence: Evidence }[]> {
    const snapshot = await this.#context.documents.snapshot();
    const all: { id: string; evidence: Evidence }[] = [];
    for (const key of snapshot.keys(evidencePrefix)) {
      const bytes = await snapshot.read(key);
      if (bytes !== undefined) {
        all.push({
          id: key.slice(evidencePrefix.length),
          evidence: parseEvidence(new TextDecoder().decode(bytes)),
        });
      }
    }
    return all;
  }

  /** Waits until this client writes nothing any more. What other clients do, in other processes above all, is theirs. */
  async close(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  #requireOnline(what: string): void {
    if (!this.#context.offline) return;
    throw new ClientError('OFFLINE', `${what} needs the network, but the client is offline`);
  }
}

/** What a client is writing, or waits to write. */
type Writing = Set<Promise<unknown>>;

function noting(documents: RegistryStorage, writing: Writing): RegistryStorage {
  return {
    snapshot: () => documents.snapshot(),
    commit: (base, changes) => documents.commit(base, changes),
    reset: () => documents.reset(),
    async exclusive(work, options) {
      const done = documents.exclusive(work, options);
      writing.add(done);
      try {
        return await done;
      } finally {
        writing.delete(done);
      }
    },
  };
}

function tokenOf(auth: Auth | undefined): () => Promise<string | undefined> {
  if (typeof auth !== 'function') return async () => auth;
  let found: Promise<string | undefined> | undefined;
  return async () => {
    found ??= Promise.resolve(auth());
    try {
      return await found;
    } catch (error) {
      // Asked again next time: whoever has the token may have been locked.
      found = undefined;
      throw error;
    }
  };
}

function readRecordId(text: string): RecordId {
  try {
    return parseRecordId(text);
  } catch (cause) {
    throw new ClientError('INVALID_RECORD_ID', (cause as Error).message, {}, { cause });
  }
}

function withoutUndefined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}
