import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { StoreError } from '../errors.ts';
import { withoutLogin } from './database-url.ts';

/** What the driver is told about TLS: a word that it knows, or options of `tls.connect`. */
export type TlsSetting = 'prefer' | 'require' | false | TlsChecks;

export interface TlsChecks {
  /** PEM. Those of Node if not given. */
  readonly ca?: Buffer;
  readonly checkServerIdentity: (servername: string, certificate: PeerCertificate) => Error | undefined;
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/**
 * Reads `sslmode` and `sslrootcert` as libpq does: the driver knows the modes by half, does not know files with authorities, and
 * compares the certificate of a server that is named by its address with `localhost`. Where the URL has neither, `PGSSLMODE` and
 * `PGSSLROOTCERT` count; without those there is no TLS.
 *
 * @param text of a URL that `parseDatabaseUrl` took
 * @returns the URL without both, and what the driver is told instead
 * @throws StoreError `STORE_UNREADABLE` for a mode that there is not, or a file that cannot be read
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export function splitTls(text: string): { readonly url: string; readonly tls: TlsSetting } {
  const start = text.lastIndexOf('?');
  const query = new URLSearchParams(start < 0 ? '' : text.slice(start + 1));
  const mode = query.get('sslmode') ?? (process.env['PGSSLMODE'] || null);
  const rootFile = query.get('sslrootcert') ?? (process.env['PGSSLROOTCERT'] || null);
  // The driver has words of its own. Who knows them must not find the connection open to all instead.
  if (query.has('ssl') || (mode === null && process.env['PGSSL'])) {
    throw unusable('expected sslmode, found what other programs call ssl or PGSSL');
  }
  if (mode === null && rootFile === null) return { url: text, tls: false };
  query.delete('sslmode');
  query.delete('sslrootcert');
  const before = start < 0 ? text : text.slice(0, start);
  const url = query.size === 0 ? before : `${before}?${query}`;
  return { url, tls: settingOf(mode, rootFile, hostsOf(before)) };
}

function settingOf(mode: string | null, rootFile: string | null, hosts: readonly string[]): TlsSetting {
  const isKnown = mode === null || (MODES as readonly string[]).includes(mode);
  if (!isKnown) throw unusable(`expected as its sslmode one of ${MODES.join(', ')}, found another`);
  if (mode === 'disable') return false;
  if (mode === 'allow' || mode === 'prefer') return 'prefer';
  if (mode === 'require' && rootFile === null) return 'require';
  const ca = rootFile === null || rootFile === 'system' ? {} : { ca: readAuthorities(rootFile) };
  // Whoever names authorities wants the certificate to be one of theirs, as in libpq.
  if (mode === 'require' || mode === 'verify-ca') return { ...ca, checkServerIdentity: () => undefined };
  return { ...ca, checkServerIdentity: (_, certificate) => checkAny(hosts, certificate) };
}

/** With several hosts the driver does not say which one it speaks to: each is as good as the others. */
function checkAny(hosts: readonly string[], certificate: PeerCertificate): Error | undefined {
  const errors = hosts.map((host) => checkServerIdentity(host, certificate));
  return errors.includes(undefined) ? undefined : errors[0];
}

function hostsOf(beforeQuery: string): string[] {
  const rest = beforeQuery.replace(/^postgres(ql)?:\/\//, '');
  const places = withoutLogin(rest).replace(/\/[^/]*$/, '');
  return places.split(',').map((place) => {
    const host = decodedHost(/^\[(.*)\]/.exec(place)?.[1] ?? place.replace(/:\d*$/, ''));
    return host || process.env['PGHOST'] || 'localhost';
  });
}

function decodedHost(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw unusable('its host has a % that is not followed by two hexadecimal digits', cause);
  }
}

function readAuthorities(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unusable(
      `its sslrootcert cannot be read (${(cause as NodeJS.ErrnoException).code}): expected a PEM file`,
      cause,
    );
  }
}

function unusable(why: string, cause?: unknown): StoreError {
  return new StoreError('STORE_UNREADABLE', `the database URL cannot be used: ${why}`, { cause });
}
