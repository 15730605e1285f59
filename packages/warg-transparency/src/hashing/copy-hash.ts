/** Copies 32 bytes. So few are copied sooner one by one than views of them are made. */
export function copyHash(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < 32; i++) to[toAt + i] = from[fromAt + i]!;
}
