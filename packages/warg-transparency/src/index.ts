export { ProofError, type ProofErrorCode, TransparencyError, type TransparencyErrorCode } from './errors.ts';
export { HASH_BYTES, type Hash, hashBranch, hashLeaf, hashLeaves } from './hashing/hash.ts';
export {
  decodeLogBundle,
  encodeLogBundle,
  type LogBundle,
  type NodeHash,
} from './log/bundle.ts';
export { EMPTY_LOG_ROOT } from './log/empty-root.ts';
export {
  type ConsistencyResult,
  evaluateLogBundle,
  type InclusionResult,
  type LogBundleResult,
} from './log/evaluate.ts';
export { type LogProofQuery, MAX_LOG_LENGTH, MerkleLog, type MerkleLogOptions } from './log/merkle-log.ts';
export {
  balancedRoots,
  childrenOf,
  existsFromLength,
  leafNode,
  leftmostDescendant,
  nodeAt,
  nodeHeight,
  nodePosition,
  nodeSide,
  parentOf,
  rightmostDescendant,
  type Side,
  siblingOf,
} from './log/nodes.ts';
export {
  fromRfc6962ConsistencyProof,
  fromRfc6962InclusionProof,
  type Rfc6962ConsistencyProof,
  type Rfc6962InclusionProof,
  toRfc6962ConsistencyProof,
  toRfc6962InclusionProof,
} from './log/rfc6962.ts';
export {
  type LogChange,
  type LogStore,
  type LogTile,
  memoryLogStore,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TileId,
  type TilePart,
} from './log/store.ts';
export { encodeTilePath, parseTilePath, type TilePath } from './log/tile-path.ts';
export { decodeTlogProof, encodeTlogProof, type TlogProof } from './log/tlog-proof.ts';
export { type ExpectedLogProofs, verifyLogBundle } from './log/verify.ts';
export { type LogProofPlan, type LogProofRequest, planLogProofs } from './log/walk.ts';
export { decodeMapBundle, encodeMapBundle, type MapProof } from './map/bundle.ts';
export { EMPTY_MAP_LEAF, EMPTY_MAP_ROOT, emptyMapHash, MAP_HEIGHT } from './map/empty.ts';
export { evaluateMapBundle, type MapProofResult } from './map/evaluate.ts';
export { EMPTY_MAP, type MapRoot, MerkleMap, type MerkleMapOptions } from './map/merkle-map.ts';
export { pathOf, pathsOf } from './map/path.ts';
export type { PresenceProof } from './map/prove.ts';
export { type MapChange, type MapStore, memoryMapStore, type StoredPage } from './map/store.ts';
export {
  type ExpectedMapAbsence,
  type ExpectedMapEntries,
  verifyMapAbsence,
  verifyMapBundle,
} from './map/verify.ts';
export { MAX_BUNDLE_BYTES, MAX_BUNDLE_ELEMENTS } from './wire/decode.ts';
