import type { StoredCheckpoint } from './rows.ts';

/** Whether two checkpoints are the same in every field, signature and time included. */
export function sameCheckpoint(
  left: StoredCheckpoint | undefined,
  right: StoredCheckpoint | undefined,
): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.sequence === right.sequence &&
    left.logLength === right.logLength &&
    left.logRoot === right.logRoot &&
    left.mapRoot === right.mapRoot &&
    left.mapPage === right.mapPage &&
    left.timestamp === right.timestamp &&
    left.keyId === right.keyId &&
    left.signature === right.signature
  );
}
