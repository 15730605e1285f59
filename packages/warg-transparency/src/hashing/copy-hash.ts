/** Copies 32 bytes. So few are copied sooner one by one than views of them are made. */
export function copyHash(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void {
  for (let end = fromAt + 32, i = fromAt, j = toAt; i < end; i += 8, j += 8) {
    to[j] = from[i]!;
    to[j + 1] = from[i + 1]!;
    to[j + 2] = from[i + 2]!;
    to[j + 3] = from[i + 3]!;
    to[j + 4] = from[i + 4]!;
    to[j + 5] = from[i + 5]!;
    to[j + 6] = from[i + 6]!;
    to[j + 7] = from[i + 7]!;
  }
}
