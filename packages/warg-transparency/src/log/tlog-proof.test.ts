import { describe, expect, it } from 'vitest';
import { leafNumbers } from '../../test/naive.ts';
import { decodeTlogProof, encodeTlogProof, type TlogProof } from './tlog-proof.ts';

const checkpoint = 'example.com/log\n9\nAAAA\n\n— example.com/log AAAA\n';
const proof: TlogProof = { leafIndex: 7, hashes: leafNumbers(3), checkpoint };
const text = encodeTlogProof(proof);

describe('a proof as text', () => {
  it('has a line for each of its parts', () => {
    expect(text.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 7']);
    expect(text.endsWith(`\n\n${checkpoint}`)).toBe(true);
  });

  it.each<TlogProof>([
    proof,
    { ...proof, hashes: [], leafIndex: 0 },
    { ...proof, extra: Uint8Array.of(1, 2, 3) },
    { ...proof, leafIndex: Number.MAX_SAFE_INTEGER },
  ])('is read as it was written', (each) => {
    expect(decodeTlogProof(encodeTlogProof(each))).toEqual(each);
  });

  it.each([
    ['', 'INVALID_BUNDLE'],
    [text.slice(0, text.indexOf('\n\n') + 2), 'INVALID_BUNDLE'],
    [text.replace('@v1', '@v2'), 'INVALID_BUNDLE'],
    [text.replace('index 7', 'index 07'), 'INVALID_BUNDLE'],
    [text.replace('index 7', 'index 9999999999999999'), 'INVALID_BUNDLE'],
    [text.replace('index 7\n', ''), 'INVALID_BUNDLE'],
    [text.replace('index 7\n', 'index 7\n\n'), undefined],
    [text.replace('index 7\n', 'index 7\nAAAA\n'), 'INVALID_HASH_LENGTH'],
    [text.replace('index 7\n', 'index 7\n!\n'), 'INVALID_BUNDLE'],
    [text.replace('index 7\n', `index 7\n${'AAAA\n'.repeat(65)}`), 'BUNDLE_TOO_LARGE'],
    [text + ' '.repeat(2 ** 20), 'BUNDLE_TOO_LARGE'],
  ])('is read strictly', (changed, expected) => {
    // What stands behind the first empty line is the checkpoint, whatever it is.
    if (expected === undefined) expect(decodeTlogProof(changed).hashes).toEqual([]);
    else expect(() => decodeTlogProof(changed)).toThrow(expect.objectContaining({ code: expected }));
  });
});
