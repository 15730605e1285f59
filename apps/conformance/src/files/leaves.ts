import { decodeHex, digestFromBytes, encodeHex, sha256 } from '@warg/crypto';
import {
  decodeWireLogLeaf,
  encodeLogLeaf,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  parseHashText,
} from '@warg/protocol';
import { EMPTY_MAP, hashBranch, hashLeaf, MerkleMap, memoryMapStore } from '@warg/transparency';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  'log-leaf'(c) {
    const leaf = { logId: parseHashText(c.logId), recordId: parseHashText(c.recordId) };
    const bytes = logLeafBytes(leaf);
    same(encodeHex(bytes), c.bytes, 'bytes');
    same(digestFromBytes(hashLeaf(bytes)), c.hash, 'hash');
    same(encodeLogLeaf(leaf), c.json, 'json');
    same(decodeWireLogLeaf(c.json), leaf, 'json read again');
  },
  'map-leaf'(c) {
    const bytes = mapLeafBytes(parseHashText(c.recordId));
    same(encodeHex(bytes), c.bytes, 'bytes');
    same(digestFromBytes(hashLeaf(bytes)), c.hash, 'hash');
  },
  async 'map-key'(c) {
    const key = mapKeyBytes(parseHashText(c.logId));
    same(encodeHex(sha256(key)), c.path, 'path');
    const map = await MerkleMap.open(memoryMapStore());
    const leafHash = hashLeaf(mapLeafBytes(parseHashText(c.recordId)));
    const root = await map.update(EMPTY_MAP, [[key, leafHash]]);
    same(digestFromBytes(root.hash), c.rootOfMapWithOnlyThisEntry, 'root');
  },
  branch(c) {
    const hash = hashBranch(decodeHex(c.left), decodeHex(c.right));
    same(encodeHex(hash), c.hash, 'hash');
  },
  'log-leaf-json'(c) {
    expectVerdict(
      c,
      () => decodeWireLogLeaf(c.input),
      (leaf) => same(encodeLogLeaf(leaf), c.reserialized, 'reserialized'),
    );
  },
};
