import { BlockList, isIP, isIPv4 } from 'node:net';
import type { HeaderValues, RawRequest } from './exchange.ts';
import type { RequestContext } from './request-context.ts';

/** Most hops that are looked at: more are nobody's honest way here. */
const MAX_HOPS = 32;

/**
 * The proxies whose word counts. `X-Forwarded-…` headers are whatever the client wrote unless a proxy of one's own wrote
 * them, so they are read only where the connection comes from one of these.
 */
export interface TrustedProxies {
  /**
   * Who a request is really from: the rightmost address of `X-Forwarded-For` that is not a trusted proxy itself, and the
   * scheme and host that the nearest proxy was asked for (`X-Forwarded-Proto`, `X-Forwarded-Host`).
   */
  readonly clientOf: (request: RawRequest, context: RequestContext) => RequestContext;
}

/**
 * @param networks such as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`
 * @throws RangeError that names the one that is none
 */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  if (networks.length === 0) return { clientOf: (_, context) => context };
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  return {
    clientOf(request, context) {
      const peer = withoutZone(context.remoteAddress ?? '');
      if (!isTrusted(peer)) return context;
      const { headers, url } = request;
      const origin = forwardedOrigin(headers, url);
      return {
        ...context,
        remoteAddress: forwardedAddress(headers.get('x-forwarded-for'), peer, isTrusted),
        ...(origin === undefined ? {} : { origin }),
      };
    },
  };
}

function addNetwork(list: BlockList, text: string): void {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || more.length > 0 || !(length <= bits)) {
    throw new RangeError(
      `expected an address or a network such as 10.0.0.0/8, found ${JSON.stringify(text)}`,
    );
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}

/** Goes back from the peer, hop by hop, for as long as the hop is one whose word counts. */
function forwardedAddress(
  header: string | null,
  peer: string,
  isTrusted: (address: string) => boolean,
): string {
  const hops = (header ?? '').split(',').slice(-MAX_HOPS);
  let client = peer;
  while (isTrusted(client)) {
    const before = addressIn(hops.pop() ?? '');
    // Nothing before, or no address: then the proxy itself is the last one that is known.
    if (before === undefined) return client;
    client = before;
  }
  return client;
}

/** An address as proxies write it: some add the port. */
function addressIn(text: string): string | undefined {
  const bare = text.trim();
  const address = /^\[([^\]]*)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  const found = withoutZone(address);
  return isIP(found) === 0 ? undefined : found;
}

function forwardedOrigin(headers: HeaderValues, url: string): string | undefined {
  const proto = lastOf(headers.get('x-forwarded-proto'))?.toLowerCase();
  const host = lastOf(headers.get('x-forwarded-host'));
  if (proto === undefined && host === undefined) return undefined;
  const own = new URL(url);
  const scheme = proto === 'http' || proto === 'https' ? proto : own.protocol.slice(0, -1);
  const isHost = host !== undefined && /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(host);
  const origin = `${scheme}://${isHost ? host : own.host}`;
  return URL.canParse(origin) ? new URL(origin).origin : undefined;
}

/** What the nearest proxy wrote stands last. */
function lastOf(header: string | null): string | undefined {
  const last = header?.split(',').at(-1)?.trim();
  return last === '' ? undefined : last;
}

function withoutZone(address: string): string {
  return address.split('%')[0]!;
}
