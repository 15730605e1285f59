import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whom an address counts for where something is limited per address. Who has an IPv6 address has at least 2^64 of them,
 * so those of one /64 network count as one; an IPv4 address in IPv6 form is the IPv4 address.
 *
 * @example
 * addressGroup('2001:db8:1:2:aaaa::1'); // '2001:db8:1:2::/64'
 * addressGroup('::ffff:192.0.2.1');     // '192.0.2.1'
 */
export function addressGroup(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  const [head = '', tail] = bare.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** The groups of a part of an address. An IPv4 address at its end takes two; they are not in the first half. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
