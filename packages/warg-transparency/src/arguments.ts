import { TransparencyError } from './errors.ts';

/** Lengths of a log, indices of leaves, ids of pages: whole numbers from 0 that a double holds exactly. */
export function requireCount(value: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new TransparencyError(
    'INVALID_ARGUMENT',
    `expected ${what} to be a whole number from 0, found ${value}`,
  );
}
