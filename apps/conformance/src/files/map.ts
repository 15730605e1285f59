// map.json: the verifiable map. vectors/README.md says what each kind means.

import { decodeHex, encodeHex, sha256, WargError } from '@warg/crypto';
import { mapKeyBytes, mapLeafBytes, parseHashText, parseLogId } from '@warg/protocol';
import {
  decodeMapBundle,
  EMPTY_MAP,
  emptyMapHash,
  evaluateMapBundle,
  type Hash,
  hashLeaf,
  type MapRoot,
  MerkleMap,
  memoryMapStore,
  verifyMapAbsence,
  verifyMapBundle,
} from '@warg/transparency';
import { CaseFailure, expectVerdict, type FileContext, type Kinds, same } from '../verdict.ts';

interface EntryIds {
  readonly logId: string;
  readonly recordId: string;
}

type Entry = readonly [key: Uint8Array, leafHash: Hash];

/** The big map, after every number of inserts that a case speaks of. */
interface BigMap {
  readonly map: MerkleMap;
  readonly states: ReadonlyMap<number, MapRoot>;
  readonly entry: (i: number) => EntryIds;
}

export const kinds: Kinds = {
  'empty-tree'(c) {
    same(
      c.hashes.map((_: string, height: number) => encodeHex(emptyMapHash(height))),
      c.hashes,
      'hashes',
    );
  },

  async sequence(c) {
    const map = await MerkleMap.open(memoryMapStore());
    const states = [EMPTY_MAP];
    for (const insert of c.inserts) {
      const root = await map.update(states.at(-1)!, [entryOf(insert)]);
      same(encodeHex(root.hash), insert.root, `root after ${states.length} inserts`);
      states.push(root);
    }
    // The same in one batch: of several values of a key the last one counts.
    const batch = await map.update(EMPTY_MAP, c.inserts.map(entryOf));
    same(encodeHex(batch.hash), c.inserts.at(-1).root, 'root after one batch');
    for (const proof of c.proofs) {
      const [key, leafHash] = entryOf(proof);
      const root = states[proof.afterInserts]!;
      const bundle = await map.prove(root, [key]);
      same(encodeHex(bundle), proof.bundle, `bundle after ${proof.afterInserts} inserts`);
      same(decodeMapBundle(bundle)[0]!.length, proof.peers, 'number of peers');
      same(encodeHex(root.hash), proof.root, 'root of the proof');
      verifyMapBundle(bundle, { root: root.hash, entries: [{ key, leafHash }] });
    }
  },

  async order(c) {
    for (const order of c.orders) {
      const map = await MerkleMap.open(memoryMapStore());
      let root = EMPTY_MAP;
      for (const i of order) root = await map.update(root, [entryOf(c.entries[i])]);
      same(encodeHex(root.hash), c.root, 'root');
    }
  },

  async rule(c, file) {
    const { states, entry } = await bigMap(file, c.sequence);
    c.firstEntries.forEach((expected: EntryIds, i: number) => {
      same(entry(i), expected, `entry ${i}`);
    });
    for (const [count, root] of c.roots)
      same(encodeHex(states.get(count)!.hash), root, `root after ${count} inserts`);
  },

  async proof(c, file) {
    const { map, states, entry } = await bigMap(file, c.sequence);
    const root = states.get(c.afterInserts)!;
    const entries: Entry[] = c.keys.map((i: number) => entryOf(entry(i)));
    const bundle = await map.prove(
      root,
      entries.map(([key]) => key),
    );
    same(encodeHex(bundle), c.bundle, 'bundle');
    const pairs = entries.map(([key, leafHash]) => ({ key, leafHash }));
    const roots = evaluateMapBundle(decodeMapBundle(bundle), pairs).map(
      (proof) => proof.ok && encodeHex(proof.root),
    );
    same(roots, c.roots, 'roots');
    verifyMapBundle(bundle, { root: root.hash, entries: pairs });
  },

  async absent(c, file) {
    const key = mapKeyBytes(parseLogId(c.logId));
    const { map, states } = c.sequence === null ? await emptyMap() : await bigMap(file, c.sequence);
    const root = c.sequence === null ? EMPTY_MAP : states.get(c.afterInserts)!;
    same(c.proof, null, 'proof');
    const code = await map.prove(root, [key]).then(
      () => 'proved',
      (error) => error.code,
    );
    same(code, 'KEY_NOT_FOUND', 'proof of presence');
    verifyMapAbsence(await map.proveAbsence(root, [key]), { root: root.hash, keys: [key] });
  },

  async update(c, file) {
    const { map, states, entry } = await bigMap(file, c.sequence);
    let root = states.get(c.afterInserts)!;
    for (const update of c.updates) {
      root = await map.update(root, [entryOf({ logId: entry(update.key).logId, recordId: update.recordId })]);
      same(encodeHex(root.hash), update.root, `root after the update of ${update.key}`);
    }
  },

  check(c) {
    const pairs = c.pairs.map(pairOf);
    const bytes = decodeHex(c.bundle);
    const expected = { verdict: c.result.decode.verdict, accidental: c.accidental ?? false };
    expectVerdict(
      expected,
      () => decodeMapBundle(bytes),
      (proofs) => {
        same(proofs.length, c.result.decode.proofs, 'number of proofs');
        evaluateMapBundle(proofs, pairs).forEach((found, i) => {
          // biome-ignore lint/suspicious/noExplicitAny: a nested result
          const result: any = c.result.proofs[i];
          if (result === undefined || pairs[i] === undefined) {
            if (found.ok) throw new CaseFailure(`proof ${i} has no entry and was evaluated all the same`);
            return;
          }
          same(found.peers, result.peers, `number of peers of proof ${i}`);
          const nested = { verdict: result.verdict, accidental: c.accidental ?? false };
          const unwrap = () => {
            if (!found.ok) throw found.error;
            return encodeHex(found.root);
          };
          expectVerdict(nested, unwrap, (root) => same(root, result.root, `root of proof ${i}`));
        });
      },
    );
    verifyAsReference(c, bytes, pairs);
  },
};

/** Verification accepts where the reference comes to the expected root with every proof, and nowhere else. */
// biome-ignore lint/suspicious/noExplicitAny: a case
function verifyAsReference(c: any, bytes: Uint8Array, pairs: { key: Uint8Array; leafHash: Hash }[]): void {
  const right =
    c.result.decode.verdict === 'ok' &&
    c.result.proofs.length === pairs.length &&
    c.result.proofs.every((proof: { root?: string }) => proof.root === c.expectedRoot);
  let refusal: unknown;
  try {
    verifyMapBundle(bytes, { root: decodeHex(c.expectedRoot), entries: pairs });
  } catch (error) {
    if (!(error instanceof WargError)) throw error;
    refusal = error;
  }
  if (!right && refusal === undefined)
    throw new CaseFailure('a bundle that the reference finds wrong was accepted');
  if (right && refusal !== undefined && !c.accidental) throw refusal;
}

function entryOf(ids: EntryIds): Entry {
  return [mapKeyBytes(parseLogId(ids.logId)), hashLeaf(mapLeafBytes(parseHashText(ids.recordId)))];
}

function pairOf(ids: EntryIds): { key: Uint8Array; leafHash: Hash } {
  const [key, leafHash] = entryOf(ids);
  return { key, leafHash };
}

async function emptyMap(): Promise<BigMap> {
  const entry = () => {
    throw new CaseFailure('the empty map has no entries');
  };
  return { map: await MerkleMap.open(memoryMapStore()), states: new Map([[0, EMPTY_MAP]]), entry };
}

async function bigMap(file: FileContext, name: string): Promise<BigMap> {
  const built = file.memo.get(name) as BigMap | undefined;
  if (built) return built;
  const rule = file.cases.find((c) => c.kind === 'rule' && c.sequence === name);
  if (!rule) throw new CaseFailure(`no case of kind rule makes the map ${name}`);
  const entry = (i: number): EntryIds => {
    const encoder = new TextEncoder();
    return {
      logId: `sha256:${encodeHex(sha256(encoder.encode(`${rule.seed}/log/${i}`)))}`,
      recordId: `sha256:${encodeHex(sha256(encoder.encode(`${rule.seed}/record/${i}`)))}`,
    };
  };
  const counts = new Set<number>([rule.count, ...rule.roots.map(([count]: number[]) => count)]);
  for (const c of file.cases)
    if (c.sequence === name && c.afterInserts !== undefined) counts.add(c.afterInserts);
  const map = await MerkleMap.open(memoryMapStore());
  const states = new Map<number, MapRoot>();
  let root = EMPTY_MAP;
  let at = 0;
  for (const count of [...counts].sort((a, b) => a - b)) {
    root = await map.update(
      root,
      Array.from({ length: count - at }, (_, i) => entryOf(entry(at + i))),
    );
    at = count;
    states.set(count, root);
  }
  const big: BigMap = { map, states, entry };
  file.memo.set(name, big);
  return big;
}
