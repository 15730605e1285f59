// No changed bundle passes unless it says the same. WARG_MUTATIONS=1000000 makes the long run of it, and
// WARG_MUTATIONS_SEED another one.
//
// Accepted although its bytes differ: what protobuf leaves open (order of fields, packing, needless bytes in
// numbers, unknown fields), and an empty subtree of the map written as its hash, as an absent one or, at the
// leaf's end, not at all. The statement that is proved is the same in each of them.

import { describe, expect, it } from 'vitest';
import {
  decodeLogBundle,
  decodeMapBundle,
  EMPTY_MAP,
  emptyMapHash,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
  ProofError,
  verifyLogBundle,
  verifyMapAbsence,
  verifyMapBundle,
} from '../src/index.ts';
import { mutate, Random } from './mutate.ts';
import { keyNumber, leafNumber, leafNumbers } from './naive.ts';

const COUNT = Number(process.env['WARG_MUTATIONS'] ?? 20_000);
const SEED = Number(process.env['WARG_MUTATIONS_SEED'] ?? 1);

interface Target {
  readonly name: string;
  readonly bundle: Uint8Array;
  verify(bundle: Uint8Array): void;
  /** What the bundle says, however it is written. */
  meaning(bundle: Uint8Array): string;
}

async function makeTargets(): Promise<Target[]> {
  const leaves = leafNumbers(300);
  const log = await MerkleLog.open(memoryLogStore());
  await log.append(leaves);
  const map = await MerkleMap.open(memoryMapStore());
  const states = [EMPTY_MAP];
  for (const count of [1, 2, 60]) {
    const entries = Array.from({ length: count }, (_, i) => [keyNumber(i), leafNumber(i)] as const);
    states.push(await map.update(states.at(-1)!, entries));
  }
  const targets: Target[] = [];

  const logQueries = [
    { length: 1, leaves: [0] },
    { length: 13, leaves: [5] },
    { length: 300, leaves: [299, 0, 255] },
    { length: 15, from: [6] },
    { length: 300, from: [256, 1, 300] },
    { length: 200, leaves: [7, 8], from: [100, 127] },
  ];
  for (const query of logQueries) {
    const expected = {
      length: query.length,
      root: await log.rootAt(query.length),
      leaves: (query.leaves ?? []).map((index) => ({ index, hash: leaves[index]! })),
      from: await Promise.all(
        (query.from ?? []).map(async (old) => ({ length: old, root: await log.rootAt(old) })),
      ),
    };
    targets.push({
      name: `log bundle ${JSON.stringify(query)}`,
      bundle: await log.prove(query),
      verify: (bundle) => verifyLogBundle(bundle, expected),
      meaning: (bundle) => JSON.stringify(decodeLogBundle(bundle)),
    });
  }

  for (const state of states) {
    const keys = [keyNumber(100), keyNumber(101)];
    targets.push({
      name: `absence from map ${state.page}`,
      bundle: await map.proveAbsence(state, keys),
      verify: (bundle) => verifyMapAbsence(bundle, { root: state.hash, keys }),
      meaning: mapMeaning,
    });
    if (state.page === 0) continue;
    const present = state === states[1] ? [0] : [1, 0, 1];
    const entries = present.map((i) => ({ key: keyNumber(i), leafHash: leafNumber(i) }));
    targets.push({
      name: `presence in map ${state.page}`,
      bundle: await map.prove(
        state,
        entries.map(({ key }) => key),
      ),
      verify: (bundle) => verifyMapBundle(bundle, { root: state.hash, entries }),
      meaning: mapMeaning,
    });
  }
  return targets;
}

/** The siblings of each proof that are not empty, by height. */
function mapMeaning(bundle: Uint8Array): string {
  return JSON.stringify(
    decodeMapBundle(bundle).map((proof) =>
      proof.flatMap((hash, i) => {
        const height = 256 - proof.length + i;
        const empty = emptyMapHash(height);
        return hash === undefined || hash.every((byte, at) => byte === empty[at])
          ? []
          : [[height, [...hash]]];
      }),
    ),
  );
}

describe('mutated bundles', () => {
  it(`are refused with a ProofError or say the same (${COUNT} of them, seed ${SEED})`, {
    timeout: 3_600_000,
  }, async () => {
    const targets = await makeTargets();
    const random = new Random(SEED);
    const meanings = new Map<Target, string>();
    for (const target of targets) {
      target.verify(target.bundle);
      meanings.set(target, target.meaning(target.bundle));
    }
    let accepted = 0;
    let identical = 0;
    const codes = new Map<string, number>();
    for (let i = 0; i < COUNT; i++) {
      const target = random.pick(targets);
      const mutated = mutate(target.bundle, random.pick(targets).bundle, random);
      const what = () =>
        `${target.name}, mutation ${i} of seed ${SEED}: ${Buffer.from(mutated).toString('hex')}`;
      try {
        target.verify(mutated);
      } catch (error) {
        if (!(error instanceof ProofError)) throw new Error(`an untyped error: ${what()}`, { cause: error });
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
        continue;
      }
      accepted++;
      if (Buffer.compare(mutated, target.bundle) === 0) identical++;
      if (target.meaning(mutated) !== meanings.get(target))
        throw new Error(`a forged bundle was accepted: ${what()}`);
    }
    // The generator must reach behind the decoder, and must also write the same bundles in other ways.
    for (const code of [
      'INVALID_BUNDLE',
      'ROOT_MISMATCH',
      'PROOF_COUNT_MISMATCH',
      'MISSING_HASH',
      'UNUSED_HASH',
    ]) {
      expect(codes.get(code), code).toBeGreaterThan(COUNT / 2000);
    }
    expect(accepted - identical).toBeGreaterThan(COUNT / 1000);
    expect(accepted).toBeLessThan(COUNT / 2);
    console.log(
      `${COUNT} mutations: ${accepted - identical} accepted as other spellings, ${JSON.stringify(Object.fromEntries(codes))}`,
    );
  });
});
