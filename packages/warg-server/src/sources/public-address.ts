import ipaddr from 'ipaddr.js';

/** Of all IPv6 addresses these alone are given to the world. */
const worldV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** For documentation (RFC 9637), which the library does not know yet. */
const documentationV6 = ipaddr.IPv6.parseCIDR('3fff::/20');

/**
 * Whether an IP address is one of the internet: not of this machine, its network or its provider, not one that stands for
 * several, and none behind which an IPv4 address hides (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv4) return true;
  // With a zone it is of a network that this machine is in.
  return address.zoneId === undefined && address.match(worldV6) && !address.match(documentationV6);
}
