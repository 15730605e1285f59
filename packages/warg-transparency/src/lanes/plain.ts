import type { Lanes } from './lanes.ts';

/** Under the condition `warg-portable`: everything is hashed as it is defined. */
export function lanes(_hashes: number): Lanes | undefined {
  return undefined;
}

/** There is nothing to share. */
export function shareLanes(_share: (own: Lanes) => Lanes): (() => void) | undefined {
  return undefined;
}
