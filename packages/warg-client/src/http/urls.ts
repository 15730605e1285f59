import { quote } from '@warg/crypto';
import { ClientError } from '../errors.ts';

/** A registry as the user wrote it. */
export interface RegistryAddress {
  /** The name under which everything is kept: the URL without a slash at its end. */
  readonly name: string;
  /** The URL that the name stands for, with a slash at its end. */
  readonly url: URL;
}

/**
 * Reads a registry as a user writes it: a domain (`registry.example`, `registry.example:8443`), or a URL.
 *
 * @throws ClientError `INVALID_REGISTRY` | `INSECURE_URL`
 */
export function parseRegistry(text: string): RegistryAddress {
  const trimmed = text.trim();
  const url = parseUrl(trimmed.includes('://') ? trimmed : `https://${trimmed}`);
  if (trimmed === '' || url === undefined || url.hostname === '') {
    throw new ClientError(
      'INVALID_REGISTRY',
      `expected a registry's domain or URL, found ${quote(text)}: write it like registry.example or https://registry.example`,
      { found: text },
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ClientError(
      'INVALID_REGISTRY',
      `expected a registry's URL without user, password, ? and #, found ${quote(redact(url))}: give a token as auth instead`,
    );
  }
  demandSecure(url, 'the registry');
  const directory = asDirectory(url);
  return { name: directory.href.replace(/\/+$/, ''), url: directory };
}

/** The URL with a slash at its end, so that relative paths go below it. */
export function asDirectory(url: URL): URL {
  const directory = new URL(url);
  if (!directory.pathname.endsWith('/')) directory.pathname += '/';
  return directory;
}

/** True for this machine itself: `localhost`, 127.0.0.0/8, ::1. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname;
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** True for this machine under any of its names, and for addresses that only its own cable knows. */
function isLocal(url: URL): boolean {
  const host = url.hostname.replace(/\.$/, '');
  return (
    isLoopback(url) ||
    /(^|\.)localhost$/.test(host) ||
    // 0.0.0.0/8, 127.0.0.0/8 and link-local 169.254.0.0/16, where clouds keep their machines' secrets.
    /^(0|127|169\.254)\.[\d.]+$/.test(host) ||
    // The same in IPv6, where `::ffff:` stands before an IPv4 address in hexadecimal digits.
    /^\[(::1?|fe[89ab][\da-f]:.*|::ffff:(0|7f[\da-f]{2}|a9fe|[\da-f]{1,2}):[\da-f]+)\]$/.test(host)
  );
}

/**
 * Demands https, or http to this machine.
 *
 * @throws ClientError `INSECURE_URL`
 */
export function demandSecure(url: URL, what: string): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return;
  throw new ClientError(
    'INSECURE_URL',
    `expected an https URL for ${what}, found ${quote(redact(url))}: plain http is for this machine only (localhost, 127.0.0.1, [::1])`,
    { url: redact(url) },
  );
}

/**
 * Demands that a URL which an answer names may be asked: https, or http to this machine when the one who
 * answered is on this machine too. A registry elsewhere must not make us knock at local doors, by https neither.
 *
 * @throws ClientError `INSECURE_URL`
 */
export function demandReachable(url: URL, from: URL, what: string): void {
  demandSecure(url, what);
  if (isLocal(url) && !isLocal(from)) {
    throw new ClientError(
      'INSECURE_URL',
      `expected an https URL for ${what}, found ${quote(redact(url))}, which ${quote(from.host)} named: only a registry on this machine may point to this machine`,
      { url: redact(url) },
    );
  }
}

/** A URL from an answer, which may be relative to `base`. @throws ClientError `RESPONSE_INVALID` */
export function parseLink(text: string, base: URL, what: string): URL {
  const url = text.length <= 8192 ? parseUrl(text, base) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new ClientError('RESPONSE_INVALID', `expected a URL for ${what}, found ${quote(text)}`);
  }
  return url;
}

/** A URL as messages may show it: signed query strings and passwords are nobody's business. */
export function redact(url: URL): string {
  const shown = new URL(url);
  if (shown.username !== '') shown.username = 'user';
  if (shown.password !== '') shown.password = '';
  if (shown.search !== '') shown.search = '?…';
  shown.hash = '';
  return shown.href.replace('?%E2%80%A6', '?…');
}

function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
