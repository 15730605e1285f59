import type { PublicKey } from '@warg/crypto';
import type { ContentStore } from '../content/content-store.ts';
import type { PolicedStore } from '../policy/content/policed-content.ts';
import type { Clock, RegistryLog, RegistryRole } from '../registry/core-options.ts';
import type { RegistryCore } from '../registry/registry.ts';
import type { PublisherSources } from '../sources/publisher-sources.ts';
import type { Access } from './access/access.ts';
import type { BodyMemory } from './body-memory.ts';
import type { Exchange } from './exchange.ts';
import type { Metrics } from './metrics.ts';
import type { RateLimits } from './rate-limits.ts';
import type { BodyTimeouts } from './request-body.ts';

/** What the routes work with. */
export interface Services {
  readonly core: RegistryCore;
  readonly content: ContentStore;
  /** Who may do what. */
  readonly access: Access;
  /** The same store for what comes in. */
  readonly policed: PolicedStore;
  /** What fetches contents for publishers; undefined where nothing is fetched. */
  readonly sources: PublisherSources | undefined;
  /** The key that signed the newest checkpoint. */
  readonly operatorKey: () => Promise<PublicKey>;
  readonly role: RegistryRole;
  /** The URL under which clients reach the registry, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** The URL below which content is downloaded, without a slash at its end. */
  readonly contentBaseUrl: string | undefined;
  /** How long the URLs are good, in seconds, with which downloads are sent to the content store; undefined for not. */
  readonly contentRedirectSeconds: number | undefined;
  /** How long the URLs are good, in seconds, with which contents are put into the store; undefined for none. */
  readonly contentUploadSeconds: number | undefined;
  /** Largest content that is accepted, bytes. */
  readonly maxContentBytes: number;
  readonly rateLimits: RateLimits;
  readonly timeouts: BodyTimeouts;
  readonly bodyMemory: BodyMemory;
  /** How old the newest checkpoint may be for this process to be ready, ms; 0 for any age. */
  readonly readyCheckpointAge: number;
  readonly metrics: Metrics | undefined;
  readonly clock: Clock;
  readonly log: RegistryLog;
}

/** What a route is handed. */
export type AppContext = Exchange;
