/** Names of HTTP headers, in lowercase as `Headers` gives them. */
export const headers = {
  /** In a request: the domain of the registry that the request is about, if it is not the server's own. */
  registry: 'warg-registry',
  /** Beside a 404: the registry that has the namespace, see {@link parseRegistryHint}. */
  registryHint: 'warg-registry-hint',
  /** Beside the newest checkpoint: what the server has beyond the protocol, see {@link parseFeatures}. */
  features: 'warg-features',
} as const;

/** What a server may have beyond the protocol that changes how clients ask. */
export const features = {
  /** `GET v1/proved/…` */
  proved: 'proved',
} as const;

/** Reads the value of a `Warg-Features` header: words between commas. Empty for none and for garbage. */
export function parseFeatures(value: string | null | undefined): ReadonlySet<string> {
  if (value === null || value === undefined || value.length > 512) return new Set();
  return new Set(
    value
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .filter((word) => word !== ''),
  );
}

/** Media types of bodies. The Rust client compares them whole: no `; charset=…` may follow. */
export const contentTypes = {
  json: 'application/json',
  /** Packed records of the ledger: a log id's and a record id's 32 bytes each, without anything between. */
  ledgerPacked: 'application/vnd.warg.ledger.packed',
  /** Content of packages, of which the registry knows no more than the digest. */
  bytes: 'application/octet-stream',
} as const;

/** Where to look for the packages of a namespace. */
export interface RegistryHint {
  readonly namespace: string;
  /** The domain of the registry. It comes from a stranger: ask the user before you follow it. */
  readonly registry: string;
}

// Names of namespaces and of hosts with an optional port: nothing that could start a new header.
const HINT = /^([a-z][a-z0-9-]*)=([A-Za-z0-9.-]+(?::[0-9]{1,5})?)$/;

/** Reads the value of a `Warg-Registry-Hint` header; undefined for none and for garbage. */
export function parseRegistryHint(value: string | null | undefined): RegistryHint | undefined {
  const found = value === null || value === undefined || value.length > 512 ? null : HINT.exec(value.trim());
  return found === null ? undefined : { namespace: found[1] as string, registry: found[2] as string };
}

/** The value of a `Warg-Registry-Hint` header. */
export function formatRegistryHint(hint: RegistryHint): string {
  return `${hint.namespace}=${hint.registry}`;
}
