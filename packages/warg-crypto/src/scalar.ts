/** The order of the P-256 group, big-endian (SEC 2, section 2.4.2). */
const GROUP_ORDER = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
  0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
]);

/** Whether the 32-byte big-endian number at `at` lies between 1 and the order: a private key, or half a signature. */
export function isScalar(bytes: Uint8Array, at = 0): boolean {
  for (let i = 0; i < 32; i++) {
    const byte = bytes[at + i] as number;
    const limit = GROUP_ORDER[i] as number;
    if (byte !== limit) return byte < limit && !isZero(bytes, at, at + 32);
  }
  return false;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
