import type { Lanes } from './lanes.ts';

/** Under the condition `warg-portable`: everything is hashed as it is defined. */
export function lanes(): Lanes | undefined {
  return undefined;
}
