// The entry of the thread that hashes beside the one that has a map or a log. It has a kernel of its own, which imports nothing,
// and shares bytes alone.

import { parentPort, workerData } from 'node:worker_threads';
import type { Lanes } from '../lanes/lanes.ts';
import { lanes } from '../lanes/simd.ts';
import type { EmptyChain } from '../map/empty.ts';
import { CHAIN_HASHES, CHAIN_PATHS, JobBoard, JobKind } from './job-board.ts';

const HASH_BYTES = 32;
const board = new JobBoard(workerData as SharedArrayBuffer);
// The lanes keep the table by its identity: this one never changes.
const empty = board.empty.slice();

function doPiece(own: Lanes, at: number): void {
  const { bytes, pieceSize } = board;
  if (board.kind === JobKind.trees) {
    const tree = bytes.subarray(at, at + pieceSize);
    own.hashTrees(tree, pieceSize / HASH_BYTES, tree);
    return;
  }
  const [count, from] = [bytes[at]!, bytes[at + 1]! + 256 * bytes[at + 2]!];
  const chains = Array.from({ length: count }, (_, i): EmptyChain => {
    const hash = at + CHAIN_HASHES + i * HASH_BYTES;
    const path = at + CHAIN_PATHS + i * HASH_BYTES;
    return {
      from,
      to: bytes[at + 4 + 2 * i]! + 256 * bytes[at + 5 + 2 * i]!,
      hash: bytes.subarray(hash, hash + HASH_BYTES),
      path: bytes.subarray(path, path + HASH_BYTES),
    };
  });
  own.climb(chains, empty);
}

const own = lanes(Number.POSITIVE_INFINITY);
parentPort!.postMessage(own === undefined ? 'unable' : 'ready');
while (own !== undefined && !board.isClosed) {
  const seen = board.calls;
  for (let piece = board.take(); piece >= 0; piece = board.take()) {
    // The job stays for as long as somebody has a piece of it.
    const { job } = board;
    doPiece(own, piece * board.pieceSize);
    board.finish(piece, job);
  }
  board.waitForCall(seen);
}
