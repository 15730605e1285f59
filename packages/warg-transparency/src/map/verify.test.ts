import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { keyNumber, leafNumber } from '../../test/naive.ts';
import { ProofError } from '../errors.ts';
import type { Hash } from '../hashing/hash.ts';
import { decodeMapBundle, encodeMapBundle, type MapProof } from './bundle.ts';
import { EMPTY_MAP_LEAF, emptyMapHash } from './empty.ts';
import { EMPTY_MAP, MerkleMap } from './merkle-map.ts';
import { memoryMapStore } from './store.ts';
import { verifyMapAbsence, verifyMapBundle } from './verify.ts';

const code = (name: string) => expect.objectContaining({ name: 'ProofError', code: name });
const entry = (i: number) => ({ key: keyNumber(i), leafHash: leafNumber(i) });
const entries = [entry(3), entry(17), entry(29)];
const absentKeys = [keyNumber(40), keyNumber(41), keyNumber(42), keyNumber(43)];
let root: Hash;
let present: readonly MapProof[];
let absent: readonly MapProof[];

beforeAll(async () => {
  const map = await MerkleMap.open(memoryMapStore());
  const all = Array.from({ length: 40 }, (_, i) => [keyNumber(i), leafNumber(i)] as const);
  const state = await map.update(EMPTY_MAP, all);
  root = state.hash;
  present = decodeMapBundle(
    await map.prove(
      state,
      entries.map(({ key }) => key),
    ),
  );
  absent = decodeMapBundle(await map.proveAbsence(state, absentKeys));
});

const verifyPresent = (proofs: readonly MapProof[]) =>
  verifyMapBundle(encodeMapBundle(proofs), { root, entries });
const verifyAbsent = (proofs: readonly MapProof[]) =>
  verifyMapAbsence(encodeMapBundle(proofs), { root, keys: absentKeys });

/** Every way to write the same siblings. */
function sameProof(proof: MapProof, choice: () => number): MapProof {
  const written = proof.map((hash, i) => {
    const empty = emptyMapHash(256 - proof.length + i);
    if (hash !== undefined && !hash.every((byte, at) => byte === empty[at])) return hash;
    return choice() % 2 === 0 ? undefined : empty;
  });
  while (written.length < 256 && choice() % 4 > 0) {
    written.unshift(choice() % 2 === 0 ? undefined : emptyMapHash(256 - written.length - 1));
  }
  return written;
}

describe.each([
  ['verifyMapBundle', () => present, verifyPresent],
  ['verifyMapAbsence', () => absent, verifyAbsent],
])('%s', (_, proofs, verify) => {
  it('accepts the proofs, however empty siblings are written', () => {
    verify(proofs());
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(100)), (stream) => {
        verify(proofs().map((proof) => sameProof(proof, () => stream.next().value)));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a bundle with any bit of any sibling flipped', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(255), (which, at, bit) => {
        const changed = proofs().map((proof) => proof.map((hash) => hash && Uint8Array.from(hash)));
        const proof = changed[which % changed.length]!;
        const given = proof.filter((hash) => hash !== undefined);
        given[at % given.length]![bit >> 3]! ^= 1 << (bit & 7);
        expect(() => verify(changed)).toThrow(code('ROOT_MISMATCH'));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses siblings dropped, added, exchanged or replaced by none', () => {
    proofs().forEach((proof, which) => {
      const refuses = (changed: MapProof) =>
        expect(() => verify(proofs().with(which, changed))).toThrow(code('ROOT_MISMATCH'));
      refuses([]);
      refuses([...proof, undefined]);
      refuses([leafNumber(1), ...proof]);
      refuses(proof.toReversed());
      proof.forEach((hash, at) => {
        if (hash === undefined || hash.every((byte, i) => byte === emptyMapHash(256 - proof.length + at)[i]))
          return;
        refuses(proof.with(at, undefined));
        refuses(proof.toSpliced(at, 1));
        refuses(proof.toSpliced(at, 0, hash));
      });
    });
  });

  it('refuses proofs dropped, added or in another order', () => {
    expect(() => verify([])).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(() => verify(proofs().slice(1))).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(() => verify([...proofs(), proofs()[0]!])).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(() => verify(proofs().toReversed())).toThrow(code('ROOT_MISMATCH'));
  });
});

describe('verifyMapBundle refuses', () => {
  it('another root, another value, another key', () => {
    const bundle = encodeMapBundle(present);
    const [first, ...rest] = entries as [(typeof entries)[0], ...typeof entries];
    const verify = (changed: Partial<typeof first>) => () =>
      verifyMapBundle(bundle, { root, entries: [{ ...first, ...changed }, ...rest] });
    expect(() => verifyMapBundle(bundle, { root: leafNumber(0), entries })).toThrow(code('ROOT_MISMATCH'));
    expect(verify({ leafHash: leafNumber(4) })).toThrow(code('ROOT_MISMATCH'));
    expect(verify({ key: keyNumber(4) })).toThrow(code('ROOT_MISMATCH'));
    expect(verify({ key: keyNumber(400) })).toThrow(code('ROOT_MISMATCH'));
  });

  it('to prove nothing, or the empty leaf, or what is no hash', () => {
    const bundle = encodeMapBundle(present);
    const misuse = (name: string) => expect.objectContaining({ name: 'TransparencyError', code: name });
    expect(() => verifyMapBundle(bundle, { root, entries: [] })).toThrow(misuse('INVALID_ARGUMENT'));
    expect(() => verifyMapAbsence(bundle, { root, keys: [] })).toThrow(misuse('INVALID_ARGUMENT'));
    // A proof of absence is one of the empty leaf: nobody must be able to pass it off as presence.
    const key = absentKeys[0]!;
    const proof = encodeMapBundle([absent[0]!]);
    expect(() => verifyMapBundle(proof, { root, entries: [{ key, leafHash: EMPTY_MAP_LEAF }] })).toThrow(
      misuse('EMPTY_LEAF'),
    );
    expect(() => verifyMapBundle(bundle, { root: new Uint8Array(31), entries })).toThrow(
      misuse('INVALID_ARGUMENT'),
    );
    expect(() => verifyMapAbsence(bundle, { root: new Uint8Array(31), keys: absentKeys })).toThrow(
      misuse('INVALID_ARGUMENT'),
    );
    const wrong = [{ key: keyNumber(1), leafHash: new Uint8Array(33) }];
    expect(() => verifyMapBundle(bundle, { root, entries: wrong })).toThrow(misuse('INVALID_ARGUMENT'));
  });
});

describe('verifyMapAbsence refuses', () => {
  it('the proof of a key that is there', () => {
    for (const [i, { key }] of entries.entries()) {
      expect(() => verifyMapAbsence(encodeMapBundle([present[i]!]), { root, keys: [key] })).toThrow(
        ProofError,
      );
      for (const proof of absent) {
        expect(() => verifyMapAbsence(encodeMapBundle([proof]), { root, keys: [key] })).toThrow(ProofError);
      }
    }
  });

  it('a proof for another key or another root', () => {
    const bundle = encodeMapBundle([absent[0]!]);
    expect(() => verifyMapAbsence(bundle, { root, keys: [absentKeys[1]!] })).toThrow(code('ROOT_MISMATCH'));
    expect(() => verifyMapAbsence(bundle, { root: EMPTY_MAP.hash, keys: [absentKeys[0]!] })).toThrow(
      code('ROOT_MISMATCH'),
    );
  });
});
