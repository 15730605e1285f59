import { ProofError } from '../errors.ts';
import { copyHash } from '../hashing/copy-hash.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { decodeMessage } from '../wire/decode.ts';
import { bytesTag, varintSize, varintTag, writeVarint } from '../wire/encode.ts';
import { logProofBundle } from '../wire/messages.ts';
import type { HashPlaces } from './tile.ts';

/** The hash of one node of a log. */
export interface NodeHash {
  /** The in-order number of the node. */
  readonly node: number;
  /** 32 bytes. */
  readonly hash: Hash;
}

/** Proofs about one length of a log, that share their hashes. */
export interface LogBundle {
  /** The length of the log, in leaves, that everything is proved for. */
  readonly logLength: number;
  /** Older lengths; each is proved to be a beginning of the log. */
  readonly consistentLengths: readonly number[];
  /** The node numbers (twice the index) of the leaves that are proved to be in the log. */
  readonly includedNodes: readonly number[];
  /** The hashes that the proofs need, in the order of their node numbers, none twice. */
  readonly hashes: readonly NodeHash[];
}

/**
 * Reads a bundle of log proofs, without judging what it proves.
 *
 * Numbers wrap to 32 bits, unknown fields are skipped, and the order of the fields does not matter, as the
 * reference reads it. Stricter than the reference: hashes must stand in the order of their nodes, none twice.
 * The hashes are views of `bytes`.
 *
 * @param bytes `LogProofBundle` as protobuf, untrusted
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `UNSORTED_HASHES` |
 *   `DUPLICATE_HASH`
 */
export function decodeLogBundle(bytes: Uint8Array): LogBundle {
  const message = decodeMessage(logProofBundle, bytes);
  const hashes: NodeHash[] = [];
  let previous = -1;
  for (const { index: node, hash } of message.hashes) {
    if (hash.length !== HASH_BYTES) {
      throw new ProofError(
        'INVALID_HASH_LENGTH',
        `expected 32 bytes as the hash of node ${node}, found ${hash.length}`,
      );
    }
    if (node === previous) throw new ProofError('DUPLICATE_HASH', `node ${node} is given twice`);
    if (node < previous) {
      throw new ProofError(
        'UNSORTED_HASHES',
        `expected hashes by rising node, found ${node} after ${previous}`,
      );
    }
    previous = node;
    hashes.push({ node, hash });
  }
  return {
    logLength: message.logLength,
    consistentLengths: message.consistentLengths,
    includedNodes: message.includedIndices,
    hashes,
  };
}

/**
 * Writes a bundle of log proofs, byte for byte as the reference does.
 *
 * @throws TransparencyError `INVALID_ARGUMENT` for a number that has more than 32 bits
 */
export function encodeLogBundle({ hashes, ...proved }: LogBundle): Uint8Array {
  let size = 0;
  for (const entry of hashes) {
    const inner = entrySize(entry);
    size += 1 + varintSize(inner) + inner;
  }
  const { bytes, end } = beginBundle(proved, size);
  let at = end;
  for (const entry of hashes) {
    const { node, hash } = entry;
    bytes[at++] = bytesTag(4);
    at = writeVarint(bytes, at, entrySize(entry));
    // What is zero or empty is not written.
    if (node !== 0) {
      bytes[at++] = varintTag(1);
      at = writeVarint(bytes, at, node);
    }
    if (hash.length > 0) {
      bytes[at++] = bytesTag(2);
      at = writeVarint(bytes, at, hash.length);
      bytes.set(hash, at);
      at += hash.length;
    }
  }
  return bytes;
}

/**
 * The same for hashes that stand somewhere in other bytes, which are copied from there into the bundle.
 *
 * @param nodes sorted, none twice
 * @throws TransparencyError `INVALID_ARGUMENT` for a number that has more than 32 bits
 */
export function encodeLogBundleOf(
  proved: Proved,
  nodes: readonly number[],
  { sources, starts }: HashPlaces,
): Uint8Array {
  let size = 0;
  for (const node of nodes) size += ENTRY_BYTES + (node === 0 ? 0 : 1 + varintSize(node));
  const { bytes, end } = beginBundle(proved, size);
  let at = end;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    const start = at;
    // The length, of one byte, is written when it is known.
    at += 2;
    if (node !== 0) {
      bytes[at] = varintTag(1);
      at = writeVarint(bytes, at + 1, node);
    }
    bytes[at] = bytesTag(2);
    bytes[at + 1] = HASH_BYTES;
    copyHash(sources[i]!, starts[i]!, bytes, at + 2);
    at += 2 + HASH_BYTES;
    bytes[start] = bytesTag(4);
    bytes[start + 1] = at - start - 2;
  }
  return bytes;
}

/** What a hash takes in a bundle, without the number of its node. */
const ENTRY_BYTES = 4 + HASH_BYTES;

/** What a bundle says before its hashes. */
type Proved = Omit<LogBundle, 'hashes'>;

/** Makes room for a bundle and writes its beginning. @param size of the hashes, bytes */
function beginBundle(
  { logLength, consistentLengths, includedNodes }: Proved,
  size: number,
): { readonly bytes: Uint8Array; readonly end: number } {
  const lengthsSize = sizeOfAll(consistentLengths);
  const nodesSize = sizeOfAll(includedNodes);
  let whole = size;
  if (logLength !== 0) whole += 1 + varintSize(logLength);
  if (lengthsSize > 0) whole += 1 + varintSize(lengthsSize) + lengthsSize;
  if (nodesSize > 0) whole += 1 + varintSize(nodesSize) + nodesSize;
  const bytes = new Uint8Array(whole);
  let end = 0;
  if (logLength !== 0) {
    bytes[end++] = varintTag(1);
    end = writeVarint(bytes, end, logLength);
  }
  end = writePacked(bytes, end, 2, consistentLengths, lengthsSize);
  end = writePacked(bytes, end, 3, includedNodes, nodesSize);
  return { bytes, end };
}

function entrySize({ node, hash }: NodeHash): number {
  const hashSize = hash.length === 0 ? 0 : 1 + varintSize(hash.length) + hash.length;
  return (node === 0 ? 0 : 1 + varintSize(node)) + hashSize;
}

function sizeOfAll(values: readonly number[]): number {
  let size = 0;
  for (const value of values) size += varintSize(value);
  return size;
}

function writePacked(
  bytes: Uint8Array,
  at: number,
  field: number,
  values: readonly number[],
  size: number,
): number {
  if (size === 0) return at;
  bytes[at] = bytesTag(field);
  let end = writeVarint(bytes, at + 1, size);
  for (const value of values) end = writeVarint(bytes, end, value);
  return end;
}
