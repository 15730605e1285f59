import { lookup as systemLookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { allowedUrl, SourceRefusedError } from './allowed-hosts.ts';
import { guardedRequest } from './guarded-request.ts';
import { isPublicAddress } from './public-address.ts';

/** How sources are reached. What is not `hosts` is for tests. */
export interface SourceGuard {
  /** Hosts from which contents are fetched: `assets.example`, `*.example`, each perhaps with a port. */
  readonly hosts: readonly string[];
  /** Which addresses may be connected to. Default: those of the internet. */
  readonly isAddressAllowed?: (address: string) => boolean;
  /** Asks for the addresses of a name. Default: the system. */
  readonly lookup?: LookupFunction;
  /** For one content, all its places and redirects together, ms. Default: a minute. */
  readonly timeLimit?: number;
  /** Certificate authorities, PEM. Default: those of Node. */
  readonly ca?: string;
}

const mostRedirects = 3;

/**
 * Begins to download a source. No proxy is used, no credentials, cookies or referrer are sent, no connection is used twice.
 * Every address is looked at before it is connected to: those that the name has at that moment, for each redirect anew, so that
 * a name cannot change what it stands for between the look and the connection.
 *
 * @param signal ends the download, body included
 * @returns the body, as it was sent
 * @throws SourceRefusedError or the network's error, to be shown to nobody but the operator
 */
export async function guardedFetch(
  text: string,
  guard: SourceGuard,
  maxBytes: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  let url = allowedUrl(text, guard.hosts);
  for (let hops = 0; ; hops++) {
    const response = await get(url, guard, signal);
    const { statusCode = 0, headers } = response;
    if ([301, 302, 303, 307, 308].includes(statusCode)) {
      response.destroy();
      if (hops === mostRedirects) throw new SourceRefusedError('the source redirects too often');
      url = allowedUrl(headers.location ?? '', guard.hosts, url);
      continue;
    }
    try {
      if (statusCode !== 200) throw new SourceRefusedError(`the source answers ${statusCode}`);
      if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
        throw new SourceRefusedError('the source encodes the content');
      }
      if (Number(headers['content-length'] ?? 0) > maxBytes)
        throw new SourceRefusedError('the source is too large');
    } catch (error) {
      response.destroy();
      throw error;
    }
    return response;
  }
}

function get(url: URL, guard: SourceGuard, signal: AbortSignal): Promise<IncomingMessage> {
  const { isAddressAllowed = isPublicAddress, lookup = systemLookup as LookupFunction, ca } = guard;
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const headers = {
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
    'user-agent': 'warg-server',
  };
  const notAllowed = 'not public';
  return guardedRequest(url, { isAddressAllowed, notAllowed, lookup, agent, headers, ca }, signal);
}
