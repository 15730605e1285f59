import { type PrivateKey, quote, WargError } from '@warg/crypto';
import type { ContentStore } from './content/content-store.ts';
import type { AccessOptions } from './http/access/access.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { BodyTimeouts } from './http/request-body.ts';
import { type TrustedProxies, trustedProxies } from './http/trusted-proxies.ts';
import type { LogKey } from './log-note/log-key.ts';
import type { ContentPolicy } from './policy/content/content-policy.ts';
import type {
  Clock,
  NamespaceDefinition,
  RecordPolicy,
  RegistryLimits,
  RegistryLog,
  RegistryRole,
  RestoreOptions,
  StoreLocation,
} from './registry/core-options.ts';
import type { OperatorSigner } from './sequencer/signer.ts';
import type { SourceGuard } from './sources/guarded-fetch.ts';

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
  /** Where contents are kept. Default: in memory. Closed with the registry, also if that cannot be opened. */
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
  readonly contentRedirectSeconds?: number;
  /**
   * Lets publishers put contents into the content store itself, with URLs that are good for so many seconds, besides sending
   * them to the registry. For stores that can make such URLs. Default: not.
   */
  readonly contentUploadSeconds?: number;
  /**
   * Lets publishers name places from which the registry fetches contents. Only over https, from these hosts, and never from an
   * address that is not public. Default: nothing is fetched.
   */
  readonly contentSources?: SourceGuard;
  /** Who may publish what. Default: whoever the package's own log allows. */
  readonly recordPolicy?: RecordPolicy;
  /** What contents may be, such as {@link wasmContentPolicy}. Default: anything. Closed likewise. */
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
  /**
   * Ends the opening, which then rejects with the signal's reason: it waits for as long as need be where an empty store has to get
   * its records back first. Without effect on a registry that is open: `close` ends that.
   */
  readonly signal?: AbortSignal;
}

/** An option that makes no sense. Its code is `INVALID_OPTION`. */
export class OptionError extends WargError {
  declare readonly code: 'INVALID_OPTION';

  constructor(message: string) {
    super('INVALID_OPTION', message);
  }
}

/** What options come to that have to be read. */
export interface CheckedOptions {
  readonly publicUrl: string | undefined;
  readonly contentBaseUrl: string | undefined;
  readonly proxies: TrustedProxies;
}

/**
 * Makes sure that options make sense, each and together.
 *
 * @param content the store that they name
 * @throws OptionError
 */
export function checkOptions(options: RegistryOptions, content: ContentStore): CheckedOptions {
  requireOperator(options);
  requireLifetime(options.access?.contentUrlSeconds);
  if (options.contentRedirectSeconds !== undefined && content.temporaryUrl === undefined) {
    throw new OptionError('expected a content store that can make URLs, for `contentRedirectSeconds`');
  }
  if (options.contentUploadSeconds !== undefined && content.staging === undefined) {
    throw new OptionError(
      'expected a content store that others can put contents into, for `contentUploadSeconds`',
    );
  }
  return {
    publicUrl: baseUrl('publicUrl', options.publicUrl),
    contentBaseUrl: baseUrl('contentBaseUrl', options.contentBaseUrl),
    proxies: proxiesOf(options.trustedProxies ?? []),
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
    `expected \`access.contentUrlSeconds\` to be whole seconds from 1 to 604800, found ${seconds}`,
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
