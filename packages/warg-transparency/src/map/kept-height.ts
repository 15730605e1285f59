import { MAP_HEIGHT } from './empty.ts';

/**
 * The height of the hash that is kept with a leaf that stands alone: that of depth 40. Leaves that share so many bits that their
 * places are no higher are climbed from the bottom: of a billion, one in seventy.
 */
export const KEPT_HEIGHT = MAP_HEIGHT - 40;

/** Whether a leaf that stands alone in a place of the height has a hash that is kept. */
export function isTall(height: number): boolean {
  return height > KEPT_HEIGHT;
}
