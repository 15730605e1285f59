import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTilePath, parseTilePath, type TilePath } from './tile-path.ts';

const paths: [string, TilePath][] = [
  ['tile/0/000', { level: 0, index: 0, width: 256 }],
  ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
  ['tile/63/x001/000.p/255', { level: 63, index: 1000, width: 255 }],
  ['tile/entries/999.p/1', { level: 'entries', index: 999, width: 1 }],
];

describe('the path of a tile', () => {
  it.each(paths)('%s is read and written', (path, tile) => {
    expect(parseTilePath(path)).toEqual(tile);
    expect(encodeTilePath(tile)).toBe(path);
  });

  it('is read as it was written, whatever tile it is', () => {
    const level = fc.oneof(fc.nat(63), fc.constant('entries' as const));
    const index = fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }).map(Number);
    const tiles = fc.record({ level, index, width: fc.integer({ min: 1, max: 256 }) });
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(parseTilePath(encodeTilePath(tile))).toEqual(tile);
      }),
    );
  });

  it.each([
    '',
    'tile/0',
    'tile/0/',
    'tile/0/0',
    'tile/0/0000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/x000/001',
    'tile/0/x001',
    'tile/0/001/002',
    'tile/0/x1/002',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/999',
    'tile/0/000.p/1/',
    'tile/0/000 ',
    '/tile/0/000',
    'tile/Entries/000',
    'tile/0/x001/x001/x001/x001/x001/001',
    'tile/0/%30%30%30',
    'tile/0/٠٠٠',
  ])('is not %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});
