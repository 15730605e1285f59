import { TILE_WIDTH } from './store.ts';

/** What a path of c2sp.org/tlog-tiles names: a tile of hashes or, with the level `entries`, a bundle of leaves. */
export interface TilePath {
  /** 0 to 63, or the bundles of leaves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** How many hashes or leaves: 256, or fewer of a tile that was not full yet. */
  readonly width: number;
}

const ELEMENTS = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/**
 * Reads a path such as `tile/0/x001/234.p/5`, in the one form that it has.
 *
 * @param path relative to where the log begins, without a slash before it; untrusted
 * @returns undefined for every other path
 */
export function parseTilePath(path: string): TilePath | undefined {
  const [, level, elements, partial] = ELEMENTS.exec(path) ?? [];
  if (level === undefined || elements === undefined) return undefined;
  const found: TilePath = {
    level: level === 'entries' ? level : Number(level),
    index: Number(elements.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : Number(partial),
  };
  if (found.level !== 'entries' && found.level > 63) return undefined;
  if (partial !== undefined && found.width >= TILE_WIDTH) return undefined;
  return encodeTilePath(found) === path ? found : undefined;
}

/**
 * Writes the path of a tile or bundle.
 *
 * @example encodeTilePath({ level: 0, index: 1234067, width: 256 })  // tile/0/x001/x234/067
 */
export function encodeTilePath({ level, index, width }: TilePath): string {
  const digits = String(index);
  const elements = digits.padStart(3 * Math.ceil(digits.length / 3), '0').match(/\d{3}/g)!;
  const path = elements.map((each, i) => (i < elements.length - 1 ? `x${each}` : each)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}
