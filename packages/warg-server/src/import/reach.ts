import { lookup as systemLookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { isPublicAddress } from '../sources/public-address.ts';

/** From where an address can be reached: from everywhere, from its own network, or from its own machine. */
export type Reach = 'internet' | 'network' | 'machine';

/** Where a cloud keeps its machines' secrets, within what are networks' own addresses elsewhere. */
const cloudSecrets = ipaddr.IPv6.parseCIDR('fd00:ec2::/32');

/** @returns undefined for what nobody's registry is at: link-local, multicast, documentation, and what hides another address */
export function reachOfAddress(text: string): Reach | undefined {
  if (isPublicAddress(text)) return 'internet';
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv6 && (address.zoneId !== undefined || address.match(cloudSecrets))) {
    return undefined;
  }
  switch (address.range()) {
    case 'loopback':
      return 'machine';
    case 'private':
    case 'uniqueLocal':
    case 'carrierGradeNat':
      return 'network';
    default:
      return undefined;
  }
}

/**
 * From where a registry is reached that somebody has named to us. No name but `localhost` stands for this machine: whoever has a
 * name may say that it does.
 *
 * @param hostname of a URL
 */
export async function reachOfHost(hostname: string): Promise<Reach> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  if (literal === 'localhost') return 'machine';
  if (ipaddr.isValid(literal)) return reachOfAddress(literal) ?? 'internet';
  const found = await systemLookup(hostname, { all: true }).catch(() => []);
  const reaches = found.map(({ address }) => reachOfAddress(address));
  return reaches.length > 0 && reaches.every((reach) => reach === 'network') ? 'network' : 'internet';
}

/** Whether a registry here may send us there: never nearer to us than it is itself. */
export function mayLead(from: Reach, to: Reach | undefined): boolean {
  const order: readonly (Reach | undefined)[] = ['internet', 'network', 'machine'];
  return to !== undefined && order.indexOf(to) <= order.indexOf(from);
}
