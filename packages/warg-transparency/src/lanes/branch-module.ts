// A WebAssembly module that hashes four branches at once: SHA-256 (FIPS 180-4) of 0x01 and two hashes, as `hashing/branch.ts`
// defines it, on vectors of four numbers. It is written here when it is first needed, so that no binary has to be built,
// shipped or believed.

import { INITIAL_STATE, ROUND_CONSTANTS } from '../hashing/branch.ts';
import {
  add,
  addI32,
  and,
  andI32,
  assemble,
  bitselect,
  type Code,
  call,
  type FunctionBody,
  get,
  greater,
  i32,
  lessI32,
  load,
  loadLane,
  loadSplat,
  or,
  repeat,
  set,
  shl,
  shlI32,
  shr,
  shrI32,
  shrSigned,
  splat,
  splatConstant,
  store,
  storeLane,
  subI32,
  swapBytes,
  tee,
  V128,
  xor,
} from './assembler.ts';

/** How many chains climb at once. */
export const LANES = 4;
const VECTOR = 16;
const WORDS = 8;

/**
 * Where things are in memory, in bytes. A vector holds word `i` of four hashes; a hash is eight of them.
 */
export const MEMORY = {
  /** The left and the right hashes that the kernel reads, then those it writes. */
  left: 0,
  right: 128,
  out: 256,
  /** Four paths of 32 bytes, and the heights to climb to as four numbers. */
  paths: 384,
  tops: 512,
  /** Four hashes of 32 bytes that climb. */
  chains: 528,
  /** The round constants of SHA-256, as numbers. */
  constants: 656,
  /** Hashes of empty subtrees, by height, as numbers. */
  empty: 1024,
  /** Rows of pairs to hash, and room for what they hash to. */
  rows: 16_384,
} as const;
/** How many pairs fit into the rows at once. */
export const ROW_PAIRS = 512;
const PAGES = 2;

const WORD_LOCAL = 0;
const STATE_LOCAL = 16;
const TEMPORARY = 24;
/** Four times the number of the round, in the loop. */
const ROUND = 27;
/** Where a and b differ, and b and c: they take turns. */
const DIFFERS = [25, 26] as const;

const rotated = (bits: number): Code => [...i32(bits), ...shr];
/** x >>> n | x << 32 − n of a local. */
const rotate = (local: number, bits: number): Code => [
  ...[...get(local), ...rotated(bits)],
  ...[...get(local), ...i32(32 - bits), ...shl, ...or],
];
const shifted = (local: number, bits: number): Code => [...get(local), ...rotated(bits)];
const sum3 = (local: number, [a, b, c]: readonly [number, number, number]): Code => [
  ...rotate(local, a),
  ...rotate(local, b),
  ...xor,
  ...rotate(local, c),
  ...xor,
];
const small = (local: number, [a, b, c]: readonly [number, number, number]): Code => [
  ...rotate(local, a),
  ...rotate(local, b),
  ...xor,
  ...shifted(local, c),
  ...xor,
];

/** A word of the message schedule: known already, or in a local. */
type Word = number | 'local';

const smallOf = (value: number, [a, b, c]: readonly [number, number, number]): number =>
  ((value >>> a) | (value << (32 - a))) ^ ((value >>> b) | (value << (32 - b))) ^ (value >>> c);

/**
 * The 64 rounds over a block whose words are in the first 16 locals, or known: what is known is computed now. From where all
 * words are in locals 16 rounds stand in a loop: twice as much code does not fit where processors keep it at hand.
 */
function rounds(block: readonly Word[]): Code {
  const words = [...block];
  const beginning: number[] = [];
  // Where b and c differ, for the first round.
  beginning.push(...get(STATE_LOCAL + 1), ...get(STATE_LOCAL + 2), ...xor, ...set(DIFFERS[1]));
  let t = 0;
  while (t < 16 || t % 16 !== 0 || words.some((word) => word !== 'local')) {
    beginning.push(...round(words, t, splatConstant(ROUND_CONSTANTS[t]!)));
    t += 1;
  }
  const loop: number[] = [];
  beginning.push(...i32(4 * t), ...set(ROUND));
  for (let i = 0; i < 16; i++) {
    loop.push(...round(words, t + i, [...get(ROUND), ...loadSplat(MEMORY.constants + 4 * i)]));
  }
  loop.push(...get(ROUND), ...i32(64), ...addI32, ...tee(ROUND), ...i32(256), ...lessI32);
  return [...beginning, ...repeat(loop)];
}

/** Round t, with its constant. The state's locals do not move; their names do. */
function round(words: Word[], t: number, constant: Code): Code {
  const code: number[] = [];
  const at = t % 16;
  if (t >= 16) words[at] = schedule(code, words, t);
  const named = (letter: number) => STATE_LOCAL + ((letter + 64 - t) % 8);
  const [a, b, d, e, f, g, h] = [named(0), named(1), named(3), named(4), named(5), named(6), named(7)];
  const word = words[at]!;
  // h + K + W + Ch(e, f, g) + Σ1(e), what is there first first.
  code.push(...get(h), ...constant, ...add);
  code.push(...(word === 'local' ? get(WORD_LOCAL + at) : splatConstant(word)), ...add);
  code.push(...get(f), ...get(g), ...get(e), ...bitselect, ...add);
  code.push(...sum3(e, [6, 11, 25]), ...add, ...set(TEMPORARY));
  code.push(...get(d), ...get(TEMPORARY), ...add, ...set(d));
  // Maj(a, b, c) + Σ0(a). Maj is b, but for where b differs from both; the next round knows how its b and c differ.
  code.push(...get(a), ...get(b), ...xor, ...tee(DIFFERS[t % 2]!), ...get(DIFFERS[(t + 1) % 2]!), ...and);
  code.push(...get(b), ...xor, ...get(TEMPORARY), ...add, ...sum3(a, [2, 13, 22]), ...add, ...set(h));
  return code;
}

/** Word t of the schedule, in place of word t − 16. */
function schedule(code: number[], words: readonly Word[], t: number): Word {
  const local = (i: number) => WORD_LOCAL + (i % 16);
  let known = 0;
  let terms = 0;
  const term = (i: number, sigma?: readonly [number, number, number]) => {
    const word = words[i % 16]!;
    if (word !== 'local') {
      known = (known + (sigma === undefined ? word : smallOf(word, sigma))) | 0;
      return;
    }
    code.push(...(sigma === undefined ? get(local(i)) : small(local(i), sigma)));
    if (terms++ > 0) code.push(...add);
  };
  term(t - 16);
  term(t - 15, [7, 18, 3]);
  term(t - 7);
  term(t - 2, [17, 19, 10]);
  if (terms === 0) return known;
  if (known !== 0) code.push(...splatConstant(known), ...add);
  code.push(...set(local(t)));
  return 'local';
}

const hashWord = (hash: number, word: number): Code => [...i32(0), ...load(hash + VECTOR * word)];
/** The last byte of one word and the first three of the next. */
const straddle = (before: Code, after: Code): Code => [
  ...[...before, ...i32(24), ...shl],
  ...[...after, ...i32(8), ...shr, ...or],
];

/** Hashes `left` and `right` to `out`. */
function kernel(): FunctionBody {
  const code: number[] = [];
  // The first block: the prefix byte, the left hash, the right one but for its last byte.
  const both = Array.from({ length: 2 * WORDS }, (_, i) =>
    hashWord(i < WORDS ? MEMORY.left : MEMORY.right, i % WORDS),
  );
  both.forEach((word, i) => {
    const before = i === 0 ? splatConstant(1) : both[i - 1]!;
    code.push(...straddle(before, word), ...set(WORD_LOCAL + i));
  });
  INITIAL_STATE.forEach((value, i) => {
    code.push(...splatConstant(value), ...set(STATE_LOCAL + i));
  });
  code.push(...rounds(new Array(16).fill('local')));
  INITIAL_STATE.forEach((value, i) => {
    code.push(...get(STATE_LOCAL + i), ...splatConstant(value), ...add, ...set(STATE_LOCAL + i));
    code.push(...i32(0), ...get(STATE_LOCAL + i), ...store(MEMORY.out + VECTOR * i));
  });
  // The second block: that byte, the bit that ends the message, zeros, and 520, its length in bits.
  code.push(...both[15]!, ...i32(24), ...shl, ...splatConstant(0x800000), ...or, ...set(WORD_LOCAL));
  code.push(...rounds(['local', ...new Array(14).fill(0), 520]));
  for (let i = 0; i < WORDS; i++) {
    code.push(...i32(0), ...get(STATE_LOCAL + i), ...hashWord(MEMORY.out, i), ...add);
    code.push(...store(MEMORY.out + VECTOR * i));
  }
  return {
    parameters: 0,
    locals: [
      [27, V128],
      [1, 0x7f],
    ],
    code,
  };
}

/** Reads word `word` of four hashes, `stride` bytes apart, at the address in a local plus `offset`. */
function gather(address: Code, offset: number, stride: number, word: number): Code {
  const at = (lane: number) => offset + stride * lane + 4 * word;
  // Each load of a lane finds its address below the vector that it changes.
  return [
    ...[...address, ...address, ...address, ...address, ...loadSplat(at(0))],
    ...[...loadLane(at(1), 1), ...loadLane(at(2), 2), ...loadLane(at(3), 3)],
  ];
}

/** Writes a vector that is in a local as word `word` of four hashes. */
function scatter(address: Code, offset: number, word: number, local: number): Code {
  return Array.from({ length: LANES }, (_, lane) => [
    ...address,
    ...get(local),
    ...storeLane(offset + 32 * lane + 4 * word, lane),
  ]).flat();
}

/** `rows(count)`: hashes the pairs at `rows`, a multiple of four, to the hashes from `rows` on. */
function rows(): FunctionBody {
  const [count, index, vector] = [0, 1, 2];
  const source: Code = [...get(index), ...i32(6), ...shlI32];
  const target: Code = [...get(index), ...i32(5), ...shlI32];
  const body: number[] = [];
  for (let word = 0; word < 2 * WORDS; word++) {
    const to = (word < WORDS ? MEMORY.left : MEMORY.right) + VECTOR * (word % WORDS);
    body.push(...i32(0), ...gather(source, MEMORY.rows, 64, word), ...swapBytes, ...store(to));
  }
  body.push(...call(0));
  for (let word = 0; word < WORDS; word++) {
    body.push(...hashWord(MEMORY.out, word), ...swapBytes, ...set(vector));
    body.push(...scatter(target, MEMORY.rows, word, vector));
  }
  body.push(...get(index), ...i32(LANES), ...addI32, ...set(index));
  body.push(...get(index), ...get(count), ...lessI32);
  return {
    exported: 'rows',
    parameters: 1,
    locals: [
      [1, 0x7f],
      [1, V128],
    ],
    code: repeat(body),
  };
}

/**
 * `climb(from, to)`: climbs the four chains from one height to another, each lane no further than its own top. A lane that is
 * there keeps its hash.
 */
function climb(): FunctionBody {
  const [height, to, depth, bit, active, mine, empty] = [0, 1, 2, 3, 4, 5, 6];
  const start: number[] = [];
  for (let word = 0; word < WORDS; word++) {
    start.push(...i32(0), ...gather(i32(0), MEMORY.chains, 32, word), ...swapBytes);
    start.push(...store(MEMORY.out + VECTOR * word));
  }
  const body: number[] = [];
  // The bit of each path that says on which side of its parent this hash is, over the whole lane.
  body.push(...i32(255), ...get(height), ...subI32, ...set(depth));
  body.push(...get(depth), ...i32(5), ...shrI32, ...i32(4), ...shlI32, ...load(MEMORY.paths));
  body.push(...get(depth), ...i32(31), ...andI32, ...shl, ...i32(31), ...shrSigned, ...set(bit));
  body.push(...i32(0), ...load(MEMORY.tops), ...get(height), ...splat, ...greater, ...set(active));
  for (let word = 0; word < WORDS; word++) {
    const at = VECTOR * word;
    body.push(...hashWord(MEMORY.out, word), ...set(mine));
    body.push(...get(height), ...i32(5), ...shlI32, ...loadSplat(MEMORY.empty + 4 * word), ...set(empty));
    body.push(...i32(0), ...get(empty), ...get(mine), ...get(bit), ...bitselect, ...store(MEMORY.left + at));
    body.push(...i32(0), ...get(mine), ...get(empty), ...get(bit), ...bitselect, ...store(MEMORY.right + at));
    // What lanes that are there go on with.
    body.push(...i32(0), ...get(mine), ...store(MEMORY.rows + at));
  }
  body.push(...call(0));
  for (let word = 0; word < WORDS; word++) {
    const at = VECTOR * word;
    body.push(...i32(0), ...hashWord(MEMORY.out, word), ...hashWord(MEMORY.rows, word), ...get(active));
    body.push(...bitselect, ...store(MEMORY.out + at));
  }
  body.push(...get(height), ...i32(1), ...addI32, ...set(height));
  body.push(...get(height), ...get(to), ...lessI32);
  const end: number[] = [];
  for (let word = 0; word < WORDS; word++) {
    end.push(...hashWord(MEMORY.out, word), ...swapBytes, ...set(mine));
    end.push(...scatter(i32(0), MEMORY.chains, word, mine));
  }
  return {
    exported: 'climb',
    parameters: 2,
    locals: [
      [1, 0x7f],
      [4, V128],
    ],
    code: [...start, ...repeat(body), ...end],
  };
}

/** The module's bytes. */
export function branchModule(): Uint8Array<ArrayBuffer> {
  return assemble(PAGES, [kernel(), rows(), climb()]);
}
