import { UsageError } from '../errors.ts';

/**
 * Reads a registry as a user writes it, a domain or a URL, and gives it one spelling: with a scheme (`https` unless
 * one is given) and a slash at the end. Plain `http` is for this machine alone.
 *
 * @example
 * parseRegistryUrl('registry.example')        // 'https://registry.example/'
 * parseRegistryUrl('http://localhost:8090')   // 'http://localhost:8090/'
 * @throws UsageError
 */
export function parseRegistryUrl(text: string): string {
  const url = parse(text);
  if (url === undefined) {
    throw new UsageError(`${JSON.stringify(text)} is not a registry`, {
      hint: 'Give a domain like registry.example, or a URL like https://registry.example/warg/.',
    });
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new UsageError(
      url.protocol === 'http:'
        ? `http is not safe to reach ${url.hostname}: what is sent could be read and changed on the way`
        : `${JSON.stringify(text)} is not a registry: expected a URL of https, found ${url.protocol.slice(0, -1)}`,
      { hint: 'Use https. Plain http is for registries on this machine: localhost, 127.0.0.1 or [::1].' },
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('a registry URL has no user, password, query or fragment');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.href;
}

/** Whether two spellings mean the same registry. What cannot be read is the same only as itself. */
export function isSameRegistry(left: string, right: string): boolean {
  return left === right || (spelling(left) !== undefined && spelling(left) === spelling(right));
}

/**
 * The name of a registry in file names and keyring entries, made of letters, digits, `-`, `.` and `_`: host, port
 * unless it is the scheme's own, and path. The reference names its folders and entries so.
 *
 * @example
 * registryLabel('http://127.0.0.1:8090')      // '127.0.0.1-8090'
 * registryLabel('registry.example/my.warg')   // 'registry.example_my.2Ewarg'
 */
export function registryLabel(registry: string): string {
  const url = new URL(parseRegistryUrl(registry));
  const host = url.hostname.startsWith('[')
    ? `ipv6_${url.hostname.slice(1, -1)}`.replaceAll(':', '.')
    : url.hostname;
  const port = url.port === '' ? '' : `-${url.port}`;
  const path = url.pathname.replace(/^\/+|\/+$/g, '');
  return `${host}${port}${path === '' ? '' : `_${path.replace(/[/%*._]/g, (sign) => PATH_SIGNS[sign] ?? sign)}`}`;
}

const PATH_SIGNS: Readonly<Record<string, string>> = {
  '/': '_',
  '%': '.',
  '*': '.2A',
  '.': '.2E',
  _: '.5F',
};

function parse(text: string): URL | undefined {
  const address = text.includes('://') ? text : `https://${text}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

function spelling(text: string): string | undefined {
  try {
    return parseRegistryUrl(text);
  } catch {
    return undefined;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
