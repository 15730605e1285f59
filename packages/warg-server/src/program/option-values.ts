import { isNamespace } from '@warg/protocol';
import { InvalidArgumentError } from 'commander';
import { type WasmKind, wasmKinds } from '../policy/content/wasm-policy.ts';
import { isHostPattern } from '../sources/allowed-hosts.ts';

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, an IPv6 address in brackets.
 *
 * @throws InvalidArgumentError
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) {
    throw new InvalidArgumentError('Expected an address and a port, such as 127.0.0.1:8090 or [::1]:0.');
  }
  return { host, port };
}

/**
 * Reads an absolute http(s) URL without credentials, query or fragment, and writes it without a slash at its end.
 *
 * @throws InvalidArgumentError
 */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ''
  ) {
    throw new InvalidArgumentError(
      'Expected an absolute http or https URL without credentials, query or fragment, such as https://registry.example.',
    );
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * Reads how many of something are wanted, at least one.
 *
 * @throws InvalidArgumentError
 */
export function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('Expected a whole number above 0, such as 100.');
  return count;
}

const sizeUnits: Record<string, number> = {
  '': 1,
  B: 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/**
 * Reads a number of bytes: `1073741824`, `500MB`, `1GiB`.
 *
 * @throws InvalidArgumentError
 */
export function parseSize(text: string): number {
  const match = /^(\d{1,15})\s*([A-Za-z]*)$/.exec(text);
  const size = Number(match?.[1]) * (sizeUnits[(match?.[2] ?? '?').toUpperCase()] ?? Number.NaN);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new InvalidArgumentError('Expected a number of bytes, such as 500MB or 1GiB.');
  }
  return size;
}

/**
 * Reads for how many seconds a URL is good: S3 knows no more than a week.
 *
 * @throws InvalidArgumentError
 */
export function parseLifetime(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 604_800) {
    throw new InvalidArgumentError('Expected a number of seconds from 1 to 604800, such as 300.');
  }
  return seconds;
}

/**
 * Adds one or more namespaces, separated by commas, to those given before. Capitals become small letters, as in the
 * reference.
 *
 * @throws InvalidArgumentError
 */
export function collectNamespaces(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((part) => parseNamespace(part.trim().toLowerCase()))];
}

/** A namespace whose packages live in another registry. */
export interface ImportedNamespace {
  readonly namespace: string;
  readonly registry: string;
}

/**
 * Adds one or more `NAMESPACE=REGISTRY`, separated by commas, to those given before.
 *
 * @throws InvalidArgumentError
 */
export function collectImports(
  text: string,
  before: readonly ImportedNamespace[] = [],
): readonly ImportedNamespace[] {
  const added = text.split(',').map((part) => {
    const [namespace = '', registry = '', ...more] = part.trim().split('=');
    if (more.length > 0 || !/^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(registry)) {
      throw new InvalidArgumentError(
        'Expected a namespace and the registry that has it, such as wasi=wasi.dev.',
      );
    }
    return { namespace: parseNamespace(namespace), registry };
  });
  return [...before, ...added];
}

/**
 * Adds one or more hosts from which contents may be fetched, separated by commas, to those given before.
 *
 * @throws InvalidArgumentError
 */
export function collectSourceHosts(text: string, before: readonly string[] = []): readonly string[] {
  const added = text.split(',').map((part) => {
    const host = part.trim().toLowerCase();
    if (isHostPattern(host)) return host;
    throw new InvalidArgumentError(
      'Expected a host, such as releases.example, *.example or assets.example:8443.',
    );
  });
  return [...before, ...added];
}

/**
 * Adds one or more kinds of content, separated by commas, to those given before.
 *
 * @throws InvalidArgumentError
 */
export function collectContentKinds(text: string, before: readonly WasmKind[] = []): readonly WasmKind[] {
  const added = text.split(',').map((part) => {
    const kind = wasmKinds.find((each) => each === part.trim());
    if (kind === undefined) throw new InvalidArgumentError(`Expected any of ${wasmKinds.join(', ')}.`);
    return kind;
  });
  return [...before, ...added];
}

function parseNamespace(text: string): string {
  if (!isNamespace(text)) {
    throw new InvalidArgumentError('Expected a namespace in lower kebab case, such as my-company.');
  }
  return text;
}

/** Reads what stands in `WARG_VERBOSE`: a number, or anything else for once. */
export function parseVerbosity(text: string | undefined): number {
  if (text === undefined || text === '' || text === 'false') return 0;
  return /^\d{1,3}$/.test(text) ? Number(text) : 1;
}

const timeUnits: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/**
 * Reads a time: `90s`, `30m`, `1h`, `7d`.
 *
 * @returns milliseconds
 * @throws InvalidArgumentError also for less than `least` and more than `most`, ms
 */
export function parseDuration(text: string, { least, most }: { least: number; most: number }): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const time = Number(count || Number.NaN) * (timeUnits[unit] ?? Number.NaN);
  if (time >= least && time <= most) return time;
  const between = `from ${Math.ceil(least / 1000)}s to ${Math.floor(most / timeUnits['d']!)}d`;
  throw new InvalidArgumentError(`Expected a time such as 90s, 30m, 1h or 7d, ${between}.`);
}
