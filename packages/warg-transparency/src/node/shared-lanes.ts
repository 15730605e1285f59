import { copyHash } from '../hashing/copy-hash.ts';
import type { Lanes, PaddedMessages } from '../lanes/lanes.ts';
import { LANES } from '../lanes/memory.ts';
import type { EmptyChain } from '../map/empty.ts';
import { CHAIN_HASHES, CHAIN_PATHS, CHAINS_BYTES, EMPTY_BYTES, JobBoard, JobKind } from './job-board.ts';

const HASH_BYTES = 32;

/** Less is hashed before the helper is awake: a group of four chains takes a tenth of a millisecond. */
const MIN_GROUPS = 3;
/** A tile of a log takes a third of that, and is copied first. Four of them were hashed no sooner with a helper than without. */
const MIN_TREES = 16;

/** How long is waited for a piece that the helper has in hands, at least, ms. */
const MIN_PATIENCE = 0.2;

/** How many pieces of jobs each side has done. */
export interface SharedWork {
  readonly caller: number;
  readonly helper: number;
  /** Of those of the caller: how many the helper had begun and not ended in time. */
  readonly redone: number;
}

/** Pieces to hash: what the helper needs of one, what it made of it, and how to do without it. */
interface Pieces {
  readonly kind: number;
  readonly size: number;
  write(piece: number, at: number): void;
  read(piece: number, at: number): void;
  do(piece: number): void;
}

/** Hashes as `own` lanes do, and leaves pieces of what is much to whoever takes them from the board. */
export class SharedLanes implements Lanes {
  readonly #own: Lanes;
  readonly #board: JobBoard;
  #emptyHashes: Uint8Array | undefined;
  /** What the helper was not waited for. As long as it is not done nothing may be written to the board. */
  #abandoned: { readonly piece: number; readonly job: number } | undefined;
  #work = { caller: 0, helper: 0, redone: 0 };

  constructor(own: Lanes, board: JobBoard) {
    this.#own = own;
    this.#board = board;
  }

  get work(): SharedWork {
    return { ...this.#work };
  }

  hashMessages(messages: PaddedMessages): void {
    this.#own.hashMessages(messages);
  }

  hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void {
    this.#own.hashPairs(hashes, from, to, count);
  }

  hashTrees(hashes: Uint8Array, size: number, roots: Uint8Array): void {
    const bytesOfTree = size * HASH_BYTES;
    const count = hashes.length / bytesOfTree;
    if (count < MIN_TREES) {
      this.#own.hashTrees(hashes, size, roots);
      return;
    }
    const { bytes } = this.#board;
    const tree = (piece: number) => hashes.subarray(piece * bytesOfTree, (piece + 1) * bytesOfTree);
    this.#share(count, {
      kind: JobKind.trees,
      size: bytesOfTree,
      write: (piece, at) => bytes.set(tree(piece), at),
      read: (piece, at) => copyHash(bytes, at, roots, piece * HASH_BYTES),
      do: (piece) =>
        this.#own.hashTrees(tree(piece), size, roots.subarray(piece * HASH_BYTES, (piece + 1) * HASH_BYTES)),
    });
  }

  climb(chains: readonly EmptyChain[], emptyHashes: Uint8Array): void {
    const groups = groupsOf(chains);
    // The helper has copied the table that it began with, and there is no other.
    this.#emptyHashes ??= emptyHashes;
    if (groups.length < MIN_GROUPS || this.#emptyHashes !== emptyHashes) {
      this.#own.climb(chains, emptyHashes);
      return;
    }
    const { bytes } = this.#board;
    this.#share(groups.length, {
      kind: JobKind.chains,
      size: CHAINS_BYTES,
      write: (piece, at) => writeGroup(groups[piece]!, bytes, at),
      read: (piece, at) => {
        for (const [i, { hash }] of groups[piece]!.entries()) {
          copyHash(bytes, at + CHAIN_HASHES + i * HASH_BYTES, hash, 0);
        }
      },
      do: (piece) => this.#own.climb(groups[piece]!, emptyHashes),
    });
  }

  /** Does all pieces, as many at once as the board has room for. */
  #share(count: number, pieces: Pieces): void {
    const room = JobBoard.room(pieces.size);
    for (let first = 0; first < count; first += room) {
      const some = Math.min(room, count - first);
      if (room > 0 && this.#isFree()) this.#shareSome(first, some, pieces);
      else {
        for (let i = 0; i < some; i++) pieces.do(first + i);
        this.#work.caller += some;
      }
    }
  }

  #isFree(): boolean {
    if (this.#board.isClosed) return false;
    if (this.#abandoned === undefined) return true;
    if (!this.#board.isDone(this.#abandoned.piece, this.#abandoned.job)) return false;
    this.#abandoned = undefined;
    return true;
  }

  #shareSome(first: number, count: number, pieces: Pieces): void {
    const board = this.#board;
    const { size } = pieces;
    for (let i = 0; i < count; i++) pieces.write(first + i, i * size);
    board.begin(pieces.kind, size, count);
    const { job } = board;
    const isMine = new Uint8Array(count);
    let mine = 0;
    const started = performance.now();
    for (let piece = board.take(); piece >= 0; piece = board.take()) {
      pieces.do(first + piece);
      isMine[piece] = 1;
      mine++;
    }
    // It has one in hands at most, and should need no longer than this thread does for one.
    const patience = Math.max(MIN_PATIENCE, (2 * (performance.now() - started)) / Math.max(1, mine));
    this.#work.caller += mine;
    for (let i = count - 1; i >= 0; i--) {
      if (isMine[i] === 1) continue;
      if (board.isDone(i, job) || board.waitDone(i, job, patience)) {
        pieces.read(first + i, i * size);
        this.#work.helper++;
      } else {
        pieces.do(first + i);
        this.#abandoned = { piece: i, job };
        this.#work.caller++;
        this.#work.redone++;
      }
    }
  }
}

/** Chains that begin at one height, four of them together, by rising ends. */
function groupsOf(chains: readonly EmptyChain[]): EmptyChain[][] {
  const sorted = chains.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from || a.to - b.to);
  const groups: EmptyChain[][] = [];
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    const { from } = sorted[start]!;
    while (end < sorted.length && end < start + LANES && sorted[end]!.from === from) end++;
    groups.push(sorted.slice(start, end));
  }
  return groups;
}

function writeGroup(group: readonly EmptyChain[], bytes: Uint8Array, at: number): void {
  const { from } = group[0]!;
  bytes[at] = group.length;
  bytes[at + 1] = from;
  bytes[at + 2] = from >> 8;
  for (const [i, { path, to, hash }] of group.entries()) {
    bytes[at + 4 + 2 * i] = to;
    bytes[at + 5 + 2 * i] = to >> 8;
    copyHash(hash, 0, bytes, at + CHAIN_HASHES + i * HASH_BYTES);
    copyHash(path, 0, bytes, at + CHAIN_PATHS + i * HASH_BYTES);
  }
}

/** Puts the hashes of empty subtrees where the helper takes them from when it begins. */
export function prepareBoard(board: JobBoard, emptyHashes: Uint8Array): void {
  board.empty.set(emptyHashes.subarray(0, EMPTY_BYTES));
}
