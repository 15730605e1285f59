import { type PrivateKey, type PublicKey, publicKeyOf } from '@warg/crypto';
import { memoryContentStore } from './content/memory-content.ts';
import { Access } from './http/access/access.ts';
import { toResponse } from './http/answers.ts';
import { createApp } from './http/app.ts';
import { BodyMemory } from './http/body-memory.ts';
import type { DirectDoor } from './http/direct-door.ts';
import { answerError } from './http/errors.ts';
import { createMetrics } from './http/metrics.ts';
import { defaultBodyTimeouts } from './http/request-body.ts';
import type { RequestContext } from './http/request-context.ts';
import { policedStore } from './policy/content/policed-content.ts';
import type { StoreLocation } from './registry/core-options.ts';
import { silentLog, systemClock } from './registry/defaults.ts';
import { openRegistryCore } from './registry/open.ts';
import { checkOptions, type RegistryOptions } from './registry-options.ts';
import { keySigner } from './sequencer/signer.ts';
import { SourceFetcher } from './sources/source-fetcher.ts';

export { OptionError, type RegistryOptions } from './registry-options.ts';

/** A registry that runs. */
export interface Registry {
  /** The public key with which the registry signs, as far as this process knows; for clients to pin. */
  readonly operatorKey: PublicKey;
  /**
   * Signs with another key from now on: the second step of a rotation, when the operator log knows the key already.
   *
   * @throws RegistryError `OPERATOR_KEY_MISMATCH` if the operator log does not let it sign; the key from before stays
   */
  readonly useOperatorKey: (key: PrivateKey) => Promise<void>;
  /** Answers one request of the API. Never rejects. */
  readonly fetch: (request: Request, context?: RequestContext) => Promise<Response>;
  /** The same for the requests that are made most, for hosts that have them in another form: {@link serve} is one. */
  readonly direct: DirectDoor;
  /** What was counted and measured, for Prometheus; undefined unless the option `metrics` asks for it. */
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string } | undefined>;
  /** Finishes what was accepted and closes the stores. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a registry inside this process. It opens no socket: give its `fetch` to {@link serve} or to any other host that
 * speaks in `Request` and `Response`, or call it directly.
 *
 * @throws OptionError
 * @throws RegistryError `OPERATOR_KEY_MISMATCH` | `NAMESPACE_CONFLICT`
 * @throws whatever the stores throw when they cannot be opened; the reason of `signal` when that ends the opening
 *
 * @example
 * const registry = await createRegistry({ operatorKey: generatePrivateKey(), namespaces: ['example'] });
 * const response = await registry.fetch(new Request('http://registry.local/v1/fetch/checkpoint'));
 * console.log(await response.json());
 * await registry.close();
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const opened = new Opened();
  try {
    return await openRegistry(options, opened);
  } catch (error) {
    // Why it cannot be opened is of more use than what may hinder its end.
    await opened.close().catch(() => {});
    throw error;
  }
}

async function openRegistry(options: RegistryOptions, opened: Opened): Promise<Registry> {
  const {
    log = silentLog,
    clock = systemClock,
    maxContentBytes = 2 ** 30,
    maxBodyMemory = 2 ** 28,
  } = options;
  const { role = 'all', contentRedirectSeconds, contentUploadSeconds, contentSources: guard } = options;
  const content = (await options.content) ?? memoryContentStore();
  opened.add(content);
  const policed = await policedStore(content, options.contentPolicy);
  opened.add(policed);
  const { publicUrl, contentBaseUrl, proxies } = checkOptions(options, content);
  const metrics = options.metrics === true ? await createMetrics() : undefined;
  if (metrics !== undefined) opened.add(metrics);
  const core = await openRegistryCore({
    store: options.store ?? memoryStore(),
    role,
    hasContent: async (digest) => (await content.size(digest)) !== undefined,
    checkStored: (use) => policed.checkStored(use),
    namespaces: (options.namespaces ?? []).map((each) =>
      typeof each === 'string' ? { namespace: each, state: 'defined' } : each,
    ),
    log,
    ...present({
      operatorKey: options.operatorKey,
      operatorSigner: options.operatorSigner,
      logKey: options.logKey,
      recordPolicy: options.recordPolicy,
      // Not the system's, where none is given: a clock of one's own keeps the writing in this thread.
      clock: options.clock,
      limits: options.limits,
      resignInterval: options.resignInterval,
      onFailure: options.onFailure,
      restore: options.restore,
      signal: options.signal,
      observer: metrics,
    }),
  });
  opened.add(core);
  let publicKey = await core.operatorKey();
  const fetcher = guard && new SourceFetcher({ core, policed, guard, maxContentBytes, log });
  if (fetcher !== undefined) opened.add(fetcher);
  const services = {
    core,
    content,
    policed,
    sources: fetcher && { hosts: guard?.hosts ?? [], wake: () => fetcher.wake() },
    access: new Access(core, options.access ?? {}, clock, log),
    operatorKey: async () => {
      publicKey = await core.operatorKey();
      return publicKey;
    },
    role,
    publicUrl,
    contentBaseUrl,
    contentRedirectSeconds,
    contentUploadSeconds,
    maxContentBytes,
    rateLimits: options.rateLimits ?? {},
    timeouts: { ...defaultBodyTimeouts, ...options.bodyTimeouts },
    bodyMemory: new BodyMemory(maxBodyMemory),
    readyCheckpointAge: options.readyCheckpointAge ?? 5 * (options.resignInterval ?? 60_000),
    metrics,
    clock,
    log,
  };
  const app = createApp(services, proxies.clientOf);
  return {
    get operatorKey() {
      return publicKey;
    },
    useOperatorKey: async (key) => {
      await core.useSigner(keySigner(key));
      publicKey = publicKeyOf(key);
    },
    fetch: async (request, context = {}) => {
      try {
        return await app.fetch(request, context);
      } catch (error) {
        // hono hands on whatever is thrown that is no Error.
        const { method, url } = request;
        return toResponse(answerError(error, log, { method, path: new URL(url).pathname }));
      }
    },
    direct: app.direct,
    metrics: async () => metrics?.text(core, clock),
    close: () => opened.close(),
  };
}

/** What was opened, to be closed in the reverse order: what is opened later uses what was opened before. */
class Opened {
  readonly #parts: { close(): Promise<void> }[] = [];
  #closing: Promise<void> | undefined;

  add(part: { close(): Promise<void> }): void {
    this.#parts.push(part);
  }

  /** Closes all, also those behind one that cannot be closed. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const part of this.#parts.toReversed()) {
      await part.close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Records in an SQLite file, which is made if it is not there. */
export function sqliteStore(file: string): StoreLocation {
  return { type: 'sqlite', file };
}

/**
 * Records in a PostgreSQL database, which several processes may share.
 *
 * @param url such as `postgres://user:password@host:5432/database?sslmode=verify-full`
 * @param options.runMigrations whether an empty or older database is brought to this program's schema; default false
 */
export function postgresStore(
  url: string,
  { runMigrations = false }: { readonly runMigrations?: boolean } = {},
): StoreLocation {
  return { type: 'postgres', url, runMigrations };
}

/** Records in memory, for tests and demonstrations. */
export function memoryStore(): StoreLocation {
  return { type: 'memory' };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out the members that are undefined. */
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}
