import type { PublicKey } from '@warg/crypto';
import type { Transport } from './http/transport.ts';
import type { RegistryAddress } from './http/urls.ts';
import type { Limits } from './limits.ts';
import type { CallOptions, Signer } from './options.ts';
import type { RegistryApi } from './registry/registry-api.ts';
import type { LogCache } from './state/log-cache.ts';
import type { StateCache } from './state/state-cache.ts';
import type { ClientStorage, RegistryStorage } from './storage/storage.ts';
import type { Pin } from './verify/operator.ts';

/** What all parts of one client share. */
export interface ClientContext {
  readonly address: RegistryAddress;
  readonly storage: ClientStorage;
  /** The storage's documents of this registry. */
  readonly documents: RegistryStorage;
  /** Packages' logs as they were read from `documents`. */
  readonly logs: LogCache;
  /** The registry's state as it was read from `documents`. */
  readonly states: StateCache;
  readonly transport: Transport;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In seconds. */
  readonly maxCheckpointAgeSeconds: number | undefined;
  /** Whom the user said to trust, and the text that says so. */
  readonly userPin: { readonly text: string; readonly pin: Pin } | undefined;
  readonly signer: Signer | undefined;
  readonly offline: boolean;
  /** Finds the registry's API, once. */
  readonly connect: (signal: AbortSignal | undefined) => Promise<Connection>;
}

/** A registry's API, and what its well-known document says of its operator. */
export interface Connection {
  readonly api: RegistryApi;
  readonly operatorKey: PublicKey | undefined;
}

/** What a call reports; nothing where nobody listens. */
export function reporter(options: CallOptions): NonNullable<CallOptions['onProgress']> {
  return options.onProgress ?? (() => {});
}
