import { type PrivateKey, type PublicKey, publicKeyOf, quote, WargError } from '@warg/crypto';
import type { ContentStore } from './content/content-store.ts';
import { memoryContent } from './content/memory-content.ts';
import { Access, type AccessOptions } from './http/access/access.ts';
import { createApp } from './http/app.ts';
import { BodyMemory } from './http/body-memory.ts';
import { answerError } from './http/errors.ts';
import { createMetrics } from './http/metrics.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { type BodyTimeouts, defaultBodyTimeouts } from './http/request-body.ts';
import type { RequestContext } from './http/request-context.ts';
import { type TrustedProxies, trustedProxies } from './http/trusted-proxies.ts';
import type { LogKey } from './log-note/log-key.ts';
import type { ContentPolicy } from './policy/content/content-policy.ts';
import { policedStore } from './policy/content/policed-content.ts';
import { openRegistryCore } from './registry/open.ts';
import type {
  Clock,
  NamespaceDefinition,
  RecordPolicy,
  RegistryLimits,
  RegistryLog,
  RegistryRole,
  RestoreOptions,
  StoreLocation,
} from './registry/registry.ts';
import { keySigner, type OperatorSigner } from './sequencer/signer.ts';
import type { SourceGuard } from './sources/guarded-fetch.ts';
import { SourceFetcher } from './sources/source-fetcher.ts';

/** What a registry is made of. */
export interface RegistryOptions {
  /** The key with which the registry signs its checkpoints. A store belongs to one operator for ever. */
  readonly operatorKey?: PrivateKey;
  /** Whoever has the key, in its place: such as {@link commandSigner}. */
  readonly operatorSigner?: OperatorSigner;
  /**
   * What this process does, of several that share a PostgreSQL database: `api` serves and has neither key nor signer,
   * `sequencer` is ready to sequence and answers nothing of the API, `all` (the default) does both.
   */
  readonly role?: RegistryRole;
  /**
   * The key with which the log's checkpoints are signed a second time, as notes for readers of transparency logs
   * (`GET checkpoint`). Default: none, and no notes.
   */
  readonly logKey?: LogKey;
  /** Where records are kept. Default: in memory, gone with the process. */
  readonly store?: StoreLocation;
  /** Where contents are kept. Default: in memory. */
  readonly content?: ContentStore | Promise<ContentStore>;
  /** Namespaces of this registry by name, or of others. What the operator log lacks is added to it. */
  readonly namespaces?: readonly (string | NamespaceDefinition)[];
  /** The URL under which clients reach the registry. With it the well-known documents are served. */
  readonly publicUrl?: string;
  /** The URL below which contents are downloaded. Default: the public URL, else what the request was sent to. */
  readonly contentBaseUrl?: string;
  /**
   * Sends downloads to the content store itself, with URLs that are good for so many seconds. For stores that can make
   * such URLs. Default: contents pass through the registry.
   */
  readonly contentRedirect?: number;
  /**
   * Lets publishers put contents into the content store itself, with URLs that are good for so many seconds, besides sending
   * them to the registry. For stores that can make such URLs. Default: not.
   */
  readonly contentUpload?: number;
  /**
   * Lets publishers name places from which the registry fetches contents. Only over https, from these hosts, and never from an
   * address that is not public. Default: nothing is fetched.
   */
  readonly contentSources?: SourceGuard;
  /** Who may publish what. Default: whoever the package's own log allows. */
  readonly recordPolicy?: RecordPolicy;
  /** What contents may be, such as {@link wasmContentPolicy}. Default: anything. Closed with the registry. */
  readonly contentPolicy?: ContentPolicy;
  /** Who may read and publish. Default: everybody reads, and whoever has a key that counts publishes. */
  readonly access?: AccessOptions;
  /** Largest content that is accepted, in bytes. Default 1 GiB. */
  readonly maxContentBytes?: number;
  readonly limits?: Partial<RegistryLimits>;
  /** How often one asker may ask. Default: as often as it likes. */
  readonly rateLimits?: RateLimits;
  /**
   * Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` headers say who asks and for what: addresses and networks such as
   * `10.0.0.0/8`. Default: nobody's.
   */
  readonly trustedProxies?: readonly string[];
  readonly bodyTimeouts?: Partial<BodyTimeouts>;
  /** Most memory that JSON bodies take together while they are read, in bytes; each has 64 KiB besides. Default 256 MiB. */
  readonly maxBodyMemory?: number;
  /** How often the newest checkpoint is signed again while nothing happens, ms; 0 for never. Default 60 000. */
  readonly resignInterval?: number;
  /** How old the newest checkpoint may be before `readyz` says no, ms; 0 for any age. Default five times `resignInterval`. */
  readonly readyCheckpointAge?: number;
  /** Whether to count and measure what {@link Registry.metrics} tells. Default: not. */
  readonly metrics?: boolean;
  readonly clock?: Clock;
  /** Default: none. A pino logger fits. */
  readonly log?: RegistryLog;
  /** Told once if the registry can no longer write. What was accepted is safe; open it again in a new process. */
  readonly onFailure?: (error: Error) => void;
  /** What is known outside the store of what was signed; and where the records are that a store lacks which was taken back. */
  readonly restore?: RestoreOptions;
}

/** An option that makes no sense. Its code is `INVALID_OPTION`. */
export class OptionError extends WargError {
  declare readonly code: 'INVALID_OPTION';

  constructor(message: string) {
    super('INVALID_OPTION', message);
  }
}

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
  /** What was counted and measured, for Prometheus; undefined unless the option `metrics` asks for it. */
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string } | undefined>;
  /** Finishes what was accepted and closes the stores. */
  readonly close: () => Promise<void>;
}

const systemClock: Clock = { now: () => Date.now() };

const noLog: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Starts a registry inside this process. It opens no socket: give its `fetch` to {@link serve} or to any other host that
 * speaks in `Request` and `Response`, or call it directly.
 *
 * @throws OptionError
 * @throws RegistryError `OPERATOR_KEY_MISMATCH` | `NAMESPACE_CONFLICT`
 * @throws whatever the stores throw when they cannot be opened
 *
 * @example
 * const registry = await createRegistry({ operatorKey: generatePrivateKey(), namespaces: ['example'] });
 * const response = await registry.fetch(new Request('http://registry.local/v1/fetch/checkpoint'));
 * console.log(await response.json());
 * await registry.close();
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { log = noLog, store = memoryStore(), maxContentBytes = 2 ** 30, maxBodyMemory = 2 ** 28 } = options;
  requireOperator(options);
  const publicUrl = baseUrl('publicUrl', options.publicUrl);
  const contentBaseUrl = baseUrl('contentBaseUrl', options.contentBaseUrl);
  const proxies = proxiesOf(options.trustedProxies ?? []);
  requireLifetime(options.access?.contentUrlLifetime);
  const content = (await options.content) ?? memoryContent();
  const { contentRedirect } = options;
  if (contentRedirect !== undefined && content.temporaryUrl === undefined) {
    await content.close();
    throw new OptionError('expected a content store that can make URLs, for `contentRedirect`');
  }
  const { contentUpload } = options;
  if (contentUpload !== undefined && content.staging === undefined) {
    await content.close();
    throw new OptionError('expected a content store that others can put contents into, for `contentUpload`');
  }
  const policed = await policedStore(content, options.contentPolicy);
  const closeContent = async (): Promise<void> => {
    await policed.close();
    await content.close();
  };
  const metrics = options.metrics === true ? await createMetrics() : undefined;
  const clock = options.clock ?? systemClock;
  const core = await openRegistryCore({
    store,
    hasContent: async (digest) => (await content.size(digest)) !== undefined,
    checkStored: (use) => policed.checkStored(use),
    namespaces: (options.namespaces ?? []).map((each) =>
      typeof each === 'string' ? { namespace: each, state: 'defined' } : each,
    ),
    log,
    ...present({
      operatorKey: options.operatorKey,
      operatorSigner: options.operatorSigner,
      role: options.role,
      logKey: options.logKey,
      recordPolicy: options.recordPolicy,
      clock: options.clock,
      limits: options.limits,
      resignInterval: options.resignInterval,
      onFailure: options.onFailure,
      restore: options.restore,
      observer: metrics,
    }),
  }).catch(async (error) => {
    await closeContent();
    throw error;
  });
  const guard = options.contentSources;
  const fetcher = guard && new SourceFetcher({ core, policed, guard, maxContentBytes, log });
  let publicKey = await core.operatorKey();
  const app = createApp({
    core,
    content,
    policed,
    sources: fetcher && { hosts: options.contentSources?.hosts ?? [], wake: () => fetcher.wake() },
    access: new Access(core, options.access ?? {}, clock, log),
    operatorKey: async () => {
      publicKey = await core.operatorKey();
      return publicKey;
    },
    role: options.role ?? 'all',
    publicUrl,
    contentBaseUrl,
    contentRedirect,
    contentUpload,
    maxContentBytes,
    rateLimits: options.rateLimits ?? {},
    timeouts: { ...defaultBodyTimeouts, ...options.bodyTimeouts },
    bodyMemory: new BodyMemory(maxBodyMemory),
    readyCheckpointAge: options.readyCheckpointAge ?? 5 * (options.resignInterval ?? 60_000),
    metrics,
    clock,
    log,
  });
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
        return await app.fetch(request, proxies.clientOf(request, context));
      } catch (error) {
        // hono hands on whatever is thrown that is no Error.
        return answerError(error, log, { method: request.method, path: new URL(request.url).pathname });
      }
    },
    metrics: async () => metrics?.text(core, clock),
    close: async () => {
      await fetcher?.close();
      await core.close();
      await closeContent();
    },
  };
}

/** @throws OptionError unless there is just what the role needs to sign */
function requireOperator({ role = 'all', operatorKey, operatorSigner, store }: RegistryOptions): void {
  if (role !== 'all' && store?.type !== 'postgres') {
    throw new OptionError(`expected a PostgreSQL store, for the role ${quote(role)}`);
  }
  const given = [operatorKey, operatorSigner].filter((each) => each !== undefined).length;
  if (given === (role === 'api' ? 0 : 1)) return;
  const expected = role === 'api' ? 'neither' : 'one';
  throw new OptionError(`expected ${expected} of \`operatorKey\` and \`operatorSigner\`, found ${given}`);
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

function proxiesOf(networks: readonly string[]): TrustedProxies {
  try {
    return trustedProxies(networks);
  } catch (error) {
    throw new OptionError(`\`trustedProxies\`: ${(error as Error).message}`);
  }
}

/** @throws OptionError for one with which no URL, or each for ever, would be good */
function requireLifetime(seconds: number | undefined): void {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 1 && seconds <= 604_800)) return;
  throw new OptionError(
    `expected \`access.contentUrlLifetime\` to be whole seconds from 1 to 604800, found ${seconds}`,
  );
}

/** Reads a URL that other URLs are built on, and takes the slash off its end. */
function baseUrl(option: string, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new OptionError(`expected \`${option}\` to be an absolute http or https URL, found ${quote(url)}`);
  }
  return url.replace(/\/+$/, '');
}
