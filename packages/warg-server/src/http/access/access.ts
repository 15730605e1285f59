import { WargError } from '@warg/crypto';
import { namespaceOf, type PackageName } from '@warg/protocol';
import { accessTokenPrefix, apiError, logNotFound, parseAccessToken } from '@warg/protocol/api';
import type { Clock, RegistryLog } from '../../registry/core-options.ts';
import type { ReadFilter, RegistryCore } from '../../registry/registry.ts';
import type { AccessTokenRow } from '../../store/rows.ts';
import { AnswerError } from '../errors.ts';
import type { RawRequest } from '../exchange.ts';
import type { AppContext } from '../services.ts';
import { hasLink, readLink, signLink } from './links.ts';
import { isActive, isGood } from './tokens.ts';

/**
 * What a route asks of whoever calls it:
 * - `public`: nothing, on a private registry neither.
 * - `token`: on a private registry, any good token; the route itself asks what the token may read.
 * - `all`: on a private registry, a token for all namespaces. What a route asks that says nothing.
 * - `publish`: a token that may publish, where publishing takes one; the route asks whether it may publish this package.
 * - `link`: a token or a link, see {@link Access.contentNamespaces} and {@link Access.requireUpload}.
 */
export type RouteAccess = 'public' | 'token' | 'all' | 'publish' | 'link';

/** Who may read and publish. */
export interface AccessOptions {
  /** Whether reading takes a token. Publishing then takes one, too. Default false. */
  readonly isPrivate?: boolean;
  /** Whether publishing takes a token, besides the signature of a key that the package's log knows. Default: as reading does. */
  readonly publishTokens?: boolean;
  /** How long the URLs are good that a private registry hands out for downloads, seconds. Default 900. */
  readonly contentUrlSeconds?: number;
}

/** The name of the key that signs links. It is made with the first token. */
export const LINK_KEY = 'links';

/** How long a URL is good for an upload, seconds: a record may name many contents, which are sent one after the other. */
const UPLOAD_LIFETIME = 3600;

/** How often is noted that a token is in use, ms. */
const USE_INTERVAL = 3_600_000;

/** The door: decides about every request, and is what routes ask. */
export class Access {
  /** Whether reading takes a token. */
  readonly isPrivate: boolean;
  readonly #core: RegistryCore;
  readonly #clock: Clock;
  readonly #log: RegistryLog;
  readonly #publishTokens: boolean;
  readonly #contentUrlSeconds: number;
  /** When was noted last that a token is in use. */
  readonly #noted = new Map<string, number>();
  #linkKey: Uint8Array | undefined;

  constructor(core: RegistryCore, options: AccessOptions, clock: Clock, log: RegistryLog) {
    this.#core = core;
    this.#clock = clock;
    this.#log = log;
    this.isPrivate = options.isPrivate ?? false;
    this.#publishTokens = this.isPrivate || (options.publishTokens ?? false);
    this.#contentUrlSeconds = options.contentUrlSeconds ?? 900;
  }

  /**
   * Lets a request pass to a route, or not.
   *
   * @throws AnswerError 401 | 403
   */
  async enter(c: AppContext, level: RouteAccess): Promise<void> {
    c.level = level;
    if (level === 'public') return;
    const token = await this.#authenticate(c.req.raw);
    c.token = token;
    const needsToken = level === 'publish' ? this.#publishTokens : this.isPrivate || this.#isUpload(c, level);
    if (!needsToken) return;
    if (token === undefined) {
      if (level === 'link' && hasLink(new URL(c.req.raw.url).search)) return;
      throw tokenMissing();
    }
    if (level === 'publish' && token.scope !== 'publish') throw forbidden('this token may read, not publish');
    if (level === 'all' && token.namespaces !== undefined) {
      throw forbidden('this needs a token for all namespaces: it tells of every package');
    }
  }

  /** The headers that keep an answer from whoever may not have it. */
  headersFor(c: AppContext): Readonly<Record<string, string>> {
    const { raw } = c.req;
    const isPublic = c.level === 'public';
    const isAuthorized = raw.headers.has('authorization');
    if (isPublic && !isAuthorized) return {};
    return {
      vary: 'Authorization, Warg-Registry',
      ...(isAuthorized || this.isPrivate ? { 'cache-control': 'private, no-store' } : {}),
    };
  }

  /** The id of the token that came with a request, and was good. */
  tokenIdOf(c: AppContext): string | undefined {
    return c.token?.id;
  }

  /** The namespaces whose packages the asker may read; undefined for all. */
  namespacesOf(c: AppContext): readonly string[] | undefined {
    return this.isPrivate ? (c.token ?? NOBODY).namespaces : undefined;
  }

  /** Says which packages the asker may read; undefined for all. */
  filterOf(c: AppContext): ReadFilter | undefined {
    const namespaces = this.namespacesOf(c);
    return namespaces && ((name) => mayAccess({ namespaces }, name));
  }

  /**
   * Makes sure that the asker may know of a log. If not, the answer is that for one that is not there.
   *
   * @throws ApiError 404 `log`
   */
  async requireLog(c: AppContext, logId: string): Promise<void> {
    const mayRead = this.filterOf(c);
    if (mayRead === undefined) return;
    const name = await this.#core.logName(logId);
    if (name === undefined || !mayRead(name)) throw logNotFound(logId as never);
  }

  /**
   * Makes sure that the asker may publish in a package's namespace, whether there is such a package or not.
   *
   * @throws AnswerError 403
   */
  requirePublish(c: AppContext, name: PackageName): void {
    if (this.#publishTokens) requirePublisher(c.token ?? NOBODY, name);
  }

  /**
   * Makes sure that the asker may upload to a record of a log: by a link for this path, or by a token.
   *
   * @throws AnswerError 401 | 403
   * @throws ApiError 404 `log`
   */
  async requireUpload(c: AppContext, logId: string, path: string): Promise<void> {
    if (!this.#publishTokens) return;
    const token = c.token ?? (await this.#tokenOfLink(c, path));
    const name = await this.#core.logName(logId);
    const isHidden = this.isPrivate && name !== undefined && !mayAccess(token, name);
    if (name === undefined || isHidden) throw logNotFound(logId as never);
    requirePublisher(token, name);
  }

  /**
   * The namespaces whose contents may be downloaded at this path by a link for it, or by a token; undefined for all.
   *
   * @throws AnswerError 401 | ApiError 403
   */
  async contentNamespaces(c: AppContext, path: string): Promise<readonly string[] | undefined> {
    if (!this.isPrivate) return undefined;
    return (c.token ?? (await this.#tokenOfLink(c, path))).namespaces;
  }

  /** Makes a path into one that whoever asks now can download from for a while without a token. */
  async downloadLink(c: AppContext, path: string): Promise<string> {
    return this.isPrivate ? this.#linkTo(c, path, this.#contentUrlSeconds) : path;
  }

  /** The same for an upload. */
  async uploadLink(c: AppContext, path: string): Promise<string> {
    return this.#publishTokens ? this.#linkTo(c, path, UPLOAD_LIFETIME) : path;
  }

  /** Whether the asker may have what is good for an upload without any further question. */
  mayUpload(c: AppContext): boolean {
    return !this.#publishTokens || c.token?.scope === 'publish';
  }

  /** For how long a store may be asked to let somebody download, seconds. */
  redirectLifetime(wanted: number): number {
    return this.isPrivate ? Math.min(wanted, this.#contentUrlSeconds) : wanted;
  }

  #isUpload(c: AppContext, level: RouteAccess): boolean {
    return level === 'link' && c.req.method === 'POST' && this.#publishTokens;
  }

  async #linkTo(c: AppContext, path: string, lifetime: number): Promise<string> {
    const tokenId = this.tokenIdOf(c);
    const key = await this.#findLinkKey();
    // Where nobody had to bring a token, such as who asks after a record of a public registry.
    if (tokenId === undefined || key === undefined) return path;
    const expires = Math.floor(this.#clock.now() / 1000) + lifetime;
    return `${path}?${signLink(key, path, { tokenId, expires })}`;
  }

  async #tokenOfLink(c: AppContext, path: string): Promise<AccessTokenRow> {
    const now = this.#clock.now();
    const { search } = new URL(c.req.raw.url);
    if (!hasLink(search)) throw tokenMissing();
    const key = await this.#findLinkKey();
    const link = key && readLink(key, path, search, now);
    const token = link && (await this.#core.accessToken(link.tokenId));
    if (!isActive(token, now)) {
      throw apiError(403, 'this URL has expired or was changed: ask the registry for a new one');
    }
    return token;
  }

  async #findLinkKey(): Promise<Uint8Array | undefined> {
    // It is never changed, so one that was found once is good for ever.
    this.#linkKey ??= await this.#core.sharedKey(LINK_KEY);
    return this.#linkKey;
  }

  /**
   * The token that a request brings; undefined if it brings none. Asked of the store each time, so that a token that was
   * revoked is refused from that moment on by every process.
   *
   * @throws AnswerError 401 if it brings one that is not good
   */
  async #authenticate({ headers }: RawRequest): Promise<AccessTokenRow | undefined> {
    const header = headers.get('authorization');
    if (header === null) return undefined;
    // Two headers arrive as one, with a comma: that is no token.
    const text = header.length <= 1024 ? /^bearer +(\S+)$/i.exec(header)?.[1] : undefined;
    if (text === undefined || !text.startsWith(accessTokenPrefix)) {
      // On a public registry it may be meant for a proxy before it.
      if (this.isPrivate) throw tokenRefused();
      return undefined;
    }
    const token = parsed(text);
    const now = this.#clock.now();
    const row = token && (await this.#core.accessToken(token.id));
    if (token === undefined || !isGood(token, row, now)) throw tokenRefused();
    this.#noteUse(row, now);
    return row;
  }

  #noteUse({ id, lastUsedAt }: AccessTokenRow, now: number): void {
    if (now - Math.max(lastUsedAt ?? 0, this.#noted.get(id) ?? 0) < USE_INTERVAL) return;
    this.#noted.set(id, now);
    this.#core
      .noteAccessTokenUse(id, now)
      .catch((error) => this.#log.warn({ token: id, err: error }, 'cannot note that a token is in use'));
  }
}

/** Stands for who got here without a token, which nobody does: may nothing. */
const NOBODY: Pick<AccessTokenRow, 'scope' | 'namespaces'> = { scope: 'read', namespaces: [] };

function parsed(text: string) {
  try {
    return parseAccessToken(text);
  } catch (error) {
    if (error instanceof WargError) return undefined;
    throw error;
  }
}

function mayAccess({ namespaces }: Pick<AccessTokenRow, 'namespaces'>, name: PackageName): boolean {
  return namespaces === undefined || namespaces.includes(namespaceOf(name));
}

function requirePublisher(token: typeof NOBODY, name: PackageName): void {
  if (token.scope !== 'publish') throw forbidden('this token may read, not publish');
  if (!mayAccess(token, name)) {
    throw forbidden(`this token may not publish in the namespace \`${namespaceOf(name)}\``);
  }
}

function tokenMissing(): AnswerError {
  return new AnswerError(apiError(401, 'this needs a token: send it as `Authorization: Bearer …`'), {
    'www-authenticate': 'Bearer realm="warg"',
  });
}

// RFC 6750, section 3.1. Why it is not good is nobody's business who does not hold it.
function tokenRefused(): AnswerError {
  const message = 'this token is not one of this registry, has expired or was revoked';
  return new AnswerError(apiError(401, message), {
    'www-authenticate': 'Bearer realm="warg", error="invalid_token"',
  });
}

function forbidden(message: string): AnswerError {
  return new AnswerError(apiError(403, message), {
    'www-authenticate': 'Bearer realm="warg", error="insufficient_scope"',
  });
}
