// A WebAssembly module that computes four hashes at once: of branches (SHA-256 of 0x01 and two hashes) as `hashing/branch.ts`
// defines them, and of other short messages. It is written here when it is first needed, so that no binary has to be built,
// shipped or believed.

import { INITIAL_STATE } from '../hashing/compress.ts';
import {
  add,
  addI32,
  andI32,
  assemble,
  bitselect,
  type Code,
  call,
  type FunctionBody,
  get,
  I32,
  i32,
  lane,
  lessI32,
  load,
  loadSplat,
  mulI32,
  or,
  repeat,
  set,
  shl,
  shlI32,
  shr,
  shrI32,
  shrSigned,
  shuffle,
  splatConstant,
  store,
  subI32,
  V128,
} from './assembler.ts';
import { LANES, MEMORY, MEMORY_PAGES, VECTOR, WORDS } from './memory.ts';
import {
  FIRST_LOCALS,
  isZero,
  NUMBER_LOCALS,
  ROW_LOCAL,
  readyRounds,
  rounds,
  STATE_LOCAL,
  shortRounds,
  transpose,
  VECTOR_LOCALS,
  WORD_LOCAL,
} from './rounds.ts';

/** The functions by their positions in the module. */
const KERNEL = 0;
const COMPRESS = 1;

const ROUND_LOCALS: FunctionBody['locals'] = [
  [VECTOR_LOCALS, V128],
  [NUMBER_LOCALS, I32],
];

const wordOf = (hash: number, word: number): Code => [...i32(0), ...load(hash + VECTOR * word)];
/** The last byte of one word and the first three of the next. */
const straddle = (before: Code, after: Code): Code => [
  ...[...before, ...i32(24), ...shl],
  ...[...after, ...i32(8), ...shr, ...or],
];

/** Hashes the branches of `left` and `right` to `out`. */
function kernel(): FunctionBody {
  const code: number[] = [];
  // The first block: the prefix byte, the left hash, the right one but for its last byte.
  const both = Array.from({ length: 2 * WORDS }, (_, i) => wordOf(MEMORY.left, i));
  both.forEach((word, i) => {
    const before = i === 0 ? splatConstant(1) : both[i - 1]!;
    code.push(...straddle(before, word), ...set(WORD_LOCAL + i));
  });
  INITIAL_STATE.forEach((value, i) => {
    code.push(...splatConstant(value), ...set(STATE_LOCAL + i));
  });
  code.push(...rounds());
  INITIAL_STATE.forEach((value, i) => {
    code.push(...get(STATE_LOCAL + i), ...splatConstant(value), ...add, ...set(STATE_LOCAL + i));
    code.push(...i32(0), ...get(STATE_LOCAL + i), ...store(MEMORY.out + VECTOR * i));
  });
  // The second block follows from that byte alone.
  for (let i = 0; i < LANES; i++) {
    code.push(...both[15]!, ...lane(i), ...i32(255), ...andI32, ...i32(8), ...shlI32);
    code.push(...i32(MEMORY.lastBlocks), ...addI32, ...set(ROW_LOCAL + i));
  }
  code.push(...readyRounds(), ...addToOut());
  return { parameters: 0, locals: [[FIRST_LOCALS, I32], ...ROUND_LOCALS], code };
}

/** Compresses the blocks whose words begin at `left` into the states at `out`. */
function compress(): FunctionBody {
  const code: number[] = [];
  for (let i = 0; i < 2 * WORDS; i++) code.push(...wordOf(MEMORY.left, i), ...set(WORD_LOCAL + i));
  for (let i = 0; i < WORDS; i++) code.push(...wordOf(MEMORY.out, i), ...set(STATE_LOCAL + i));
  code.push(...rounds(), ...addToOut());
  return { parameters: 0, locals: [[FIRST_LOCALS, I32], ...ROUND_LOCALS], code };
}

function addToOut(): Code {
  return Array.from({ length: WORDS }, (_, i) => [
    ...[...i32(0), ...get(STATE_LOCAL + i), ...wordOf(MEMORY.out, i), ...add],
    ...store(MEMORY.out + VECTOR * i),
  ]).flat();
}

/** The bytes of each number in reverse, for a vector in a local. */
const swapped = (local: number): Code => [
  ...[...get(local), ...get(local)],
  ...shuffle([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
];

/** Reads words of four rows of bytes, `stride` bytes apart from `address` on, as vectors to `to`. Needs four locals. */
function gather(address: Code, offset: number, stride: Code, words: number, to: number, local: number): Code {
  const code: number[] = [];
  for (let word = 0; word < words; word += LANES) {
    const row = (lane: number): Code => [
      ...[...address, ...i32(lane), ...stride, ...mulI32, ...addI32],
      ...load(offset + 4 * word),
    ];
    code.push(...transpose([row(0), row(1), row(2), row(3)], local));
    for (let i = 0; i < LANES; i++) {
      code.push(...i32(0), ...swapped(local + i), ...store(to + VECTOR * (word + i)));
    }
  }
  return code;
}

/** Writes `out` as four hashes to `address`. Needs four locals. */
function scatter(address: Code, offset: number, local: number): Code {
  const code: number[] = [];
  for (let word = 0; word < WORDS; word += LANES) {
    const row = (i: number): Code => wordOf(MEMORY.out, word + i);
    code.push(...transpose([row(0), row(1), row(2), row(3)], local));
    for (let i = 0; i < LANES; i++) {
      code.push(...address, ...swapped(local + i), ...store(offset + 32 * i + 4 * word));
    }
  }
  return code;
}

/** Adds to a local. */
const advance = (local: number, by: Code): Code => [...get(local), ...by, ...addI32, ...set(local)];

/** `pairs(from, to, count)`: hashes the pairs of hashes from one address to another. They are done four at a time. */
function pairs(): FunctionBody {
  const [from, to, left, vectors] = [0, 1, 2, 3];
  const body: Code = [
    ...gather(get(from), 0, i32(64), 2 * WORDS, MEMORY.left, vectors),
    ...call(KERNEL),
    ...scatter(get(to), 0, vectors),
    ...[...advance(from, i32(64 * LANES)), ...advance(to, i32(32 * LANES)), ...advance(left, i32(-LANES))],
    ...[...i32(0), ...get(left), ...lessI32],
  ];
  return { exported: 'pairs', parameters: 3, locals: [[LANES, V128]], code: repeat(body) };
}

/**
 * `messages(from, to, count, blocks)`: hashes messages that are padded already, each of as many blocks. They are done four at
 * a time.
 */
function messages(): FunctionBody {
  const [from, to, left, blocks, at, done, vectors] = [0, 1, 2, 3, 4, 5, 6];
  const stride: Code = [...get(blocks), ...i32(6), ...shlI32];
  const block: Code = [
    ...gather(get(at), 0, stride, 2 * WORDS, MEMORY.left, vectors),
    ...call(COMPRESS),
    ...[...advance(at, i32(64)), ...advance(done, i32(1))],
    ...[...get(done), ...get(blocks), ...lessI32],
  ];
  const initial = INITIAL_STATE.flatMap((value, i) => [
    ...[...i32(0), ...splatConstant(value), ...store(MEMORY.out + VECTOR * i)],
  ]);
  const body: Code = [
    ...[...initial, ...get(from), ...set(at), ...i32(0), ...set(done)],
    ...repeat(block),
    ...scatter(get(to), 0, vectors),
    ...advance(from, [...stride, ...i32(2), ...shlI32]),
    ...[...advance(to, i32(32 * LANES)), ...advance(left, i32(-LANES))],
    ...[...i32(0), ...get(left), ...lessI32],
  ];
  const locals: FunctionBody['locals'] = [
    [2, I32],
    [LANES, V128],
  ];
  return { exported: 'messages', parameters: 4, locals, code: repeat(body) };
}

/**
 * `short(from, to, count)`: hashes messages that are padded already, each of one block whose words 9 to 14 are zero. They are
 * done four at a time, and stay in locals from the first to the last.
 */
function short(): FunctionBody {
  const [from, to, left] = [0, 1, 2];
  const code: number[] = [];
  for (let word = 0; word < 2 * WORDS; word += LANES) {
    const row = (lane: number): Code => [...get(from), ...load(64 * lane + 4 * word)];
    code.push(...transpose([row(0), row(1), row(2), row(3)], WORD_LOCAL + word));
  }
  for (let word = 0; word < 2 * WORDS; word++) {
    if (!isZero(word)) code.push(...swapped(WORD_LOCAL + word), ...set(WORD_LOCAL + word));
  }
  INITIAL_STATE.forEach((value, i) => {
    code.push(...splatConstant(value), ...set(STATE_LOCAL + i));
  });
  code.push(...shortRounds());
  for (let word = 0; word < WORDS; word += LANES) {
    const row = (i: number): Code => [
      ...[...get(STATE_LOCAL + word + i), ...splatConstant(INITIAL_STATE[word + i]!), ...add],
    ];
    code.push(...transpose([row(0), row(1), row(2), row(3)], WORD_LOCAL));
    for (let i = 0; i < LANES; i++) {
      code.push(...get(to), ...swapped(WORD_LOCAL + i), ...store(32 * i + 4 * word));
    }
  }
  code.push(
    ...advance(from, i32(64 * LANES)),
    ...advance(to, i32(32 * LANES)),
    ...advance(left, i32(-LANES)),
  );
  code.push(...i32(0), ...get(left), ...lessI32);
  return { exported: 'short', parameters: FIRST_LOCALS, locals: ROUND_LOCALS, code: repeat(code) };
}

/** `climb(from, to)`: climbs the four chains from one height to another, which is above it. */
function climb(): FunctionBody {
  const [height, to, depth, bit, mine, empty, vectors] = [0, 1, 2, 3, 4, 5, 6];
  const body: number[] = [];
  // The bit of each path that says on which side of its parent this hash is, over the whole lane.
  body.push(...i32(255), ...get(height), ...subI32, ...set(depth));
  body.push(...get(depth), ...i32(5), ...shrI32, ...i32(4), ...shlI32, ...load(MEMORY.paths));
  body.push(...get(depth), ...i32(31), ...andI32, ...shl, ...i32(31), ...shrSigned, ...set(bit));
  for (let word = 0; word < WORDS; word++) {
    const at = VECTOR * word;
    body.push(...wordOf(MEMORY.out, word), ...set(mine));
    body.push(...get(height), ...i32(5), ...shlI32, ...loadSplat(MEMORY.empty + 4 * word), ...set(empty));
    body.push(...i32(0), ...get(empty), ...get(mine), ...get(bit), ...bitselect, ...store(MEMORY.left + at));
    body.push(...i32(0), ...get(mine), ...get(empty), ...get(bit), ...bitselect, ...store(MEMORY.right + at));
  }
  body.push(...call(KERNEL));
  body.push(...advance(height, i32(1)), ...get(height), ...get(to), ...lessI32);
  return {
    exported: 'climb',
    parameters: 2,
    locals: [
      [1, I32],
      [3 + LANES, V128],
    ],
    code: [
      ...gather(i32(0), MEMORY.chains, i32(32), WORDS, MEMORY.out, vectors),
      ...gather(i32(0), MEMORY.chainPaths, i32(32), WORDS, MEMORY.paths, vectors),
      ...repeat(body),
      ...scatter(i32(0), MEMORY.chains, vectors),
    ],
  };
}

/** The module's bytes. */
export function branchModule(): Uint8Array<ArrayBuffer> {
  return assemble(MEMORY_PAGES, [kernel(), compress(), pairs(), messages(), short(), climb()]);
}
