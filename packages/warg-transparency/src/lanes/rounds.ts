// The rounds of SHA-256 (FIPS 180-4, 6.2.2) on vectors of four numbers, as code. Behind room for three parameters 16 locals hold
// the words of a block, and the next eight the state.

import {
  add,
  addI32,
  and,
  bitselect,
  type Code,
  get,
  i32,
  lessI32,
  load,
  loadSplat,
  or,
  repeat,
  set,
  shl,
  shr,
  shuffle,
  tee,
  xor,
} from './assembler.ts';
import { LANES, MEMORY } from './memory.ts';

/** The numbers that come first in a function that runs rounds: its parameters, if it has some. */
export const FIRST_LOCALS = 3;
export const WORD_LOCAL = FIRST_LOCALS;
export const STATE_LOCAL = WORD_LOCAL + 16;
const TEMPORARY = STATE_LOCAL + 8;
/** Where a and b differ, and b and c: they take turns. */
const DIFFERS = [TEMPORARY + 1, TEMPORARY + 2] as const;
/** Four times the number of the round, in the loop. */
const ROUND = TEMPORARY + 3;
/** For {@link readyRounds}: where the words of each lane's block are, in bytes. */
export const ROW_LOCAL = ROUND + 1;
/** The locals of a function that runs rounds, behind the first: vectors, then numbers. */
export const VECTOR_LOCALS = ROUND - WORD_LOCAL;
export const NUMBER_LOCALS = 1 + LANES;

/** x >>> n | x << 32 − n of a local. */
const rotate = (local: number, bits: number): Code => [
  ...[...get(local), ...i32(bits), ...shr],
  ...[...get(local), ...i32(32 - bits), ...shl, ...or],
];
const sum = (local: number, [a, b, c]: readonly [number, number, number]): Code => [
  ...[...rotate(local, a), ...rotate(local, b), ...xor],
  ...[...rotate(local, c), ...xor],
];
const small = (local: number, [a, b, c]: readonly [number, number, number]): Code => [
  ...[...rotate(local, a), ...rotate(local, b), ...xor],
  ...[...get(local), ...i32(c), ...shr, ...xor],
];

/** Where b and c differ, for the first round. */
const begin: Code = [...[...get(STATE_LOCAL + 1), ...get(STATE_LOCAL + 2)], ...[...xor, ...set(DIFFERS[1])]];

/** Adds four to the number of the round for each of `count` rounds, and says whether more are to come. */
const nextRounds = (count: number): Code => [
  ...[...get(ROUND), ...i32(4 * count), ...addI32, ...tee(ROUND)],
  ...[...i32(256), ...lessI32],
];

/**
 * The 64 rounds over a block whose words are in locals. The last 48 stand in a loop of 16: more code does not fit where
 * processors keep it at hand.
 */
export function rounds(): Code {
  const first: number[] = [...begin];
  const loop: number[] = [];
  for (let t = 0; t < 16; t++) {
    const constant = MEMORY.constants + 4 * t;
    first.push(...round(t, [...i32(0), ...loadSplat(constant), ...add, ...get(WORD_LOCAL + t), ...add]));
    loop.push(...schedule(t));
    loop.push(...round(t, [...get(ROUND), ...loadSplat(constant), ...add, ...get(WORD_LOCAL + t), ...add]));
  }
  return [...first, ...i32(64), ...set(ROUND), ...repeat([...loop, ...nextRounds(16)])];
}

/** The words of a block that {@link shortRounds} takes for zero. */
export const isZero = (word: number) => word >= 9 && word <= 14;

/** How many bytes such a block has, with the bit behind them. */
export const SHORT_BYTES = 36;

/** The 64 rounds over a block whose words are in locals, but for those that are zero. The locals of those may hold anything. */
export function shortRounds(): Code {
  const first: number[] = [...begin];
  const loop: number[] = [];
  for (let t = 0; t < 32; t++) {
    if (t >= 16) first.push(...shortSchedule(t));
    const word: Code = isZero(t) ? [] : [...get(WORD_LOCAL + (t % 16)), ...add];
    first.push(...round(t, [...i32(0), ...loadSplat(MEMORY.constants + 4 * t), ...add, ...word]));
  }
  for (let t = 0; t < 16; t++) {
    const constant = [...get(ROUND), ...loadSplat(MEMORY.constants + 4 * t), ...add];
    loop.push(...schedule(t), ...round(t, [...constant, ...get(WORD_LOCAL + t), ...add]));
  }
  return [...first, ...i32(128), ...set(ROUND), ...repeat([...loop, ...nextRounds(16)])];
}

/** The 64 rounds over blocks whose words are in memory already, with the constants added: each lane's are its own. */
export function readyRounds(): Code {
  const loop: number[] = [];
  for (let t = 0; t < 16; t++) {
    if (t % LANES === 0) {
      const row = (lane: number): Code => [...get(ROW_LOCAL + lane), ...load(4 * t)];
      loop.push(...transpose([row(0), row(1), row(2), row(3)], WORD_LOCAL));
    }
    loop.push(...round(t, [...get(WORD_LOCAL + (t % LANES)), ...add]));
  }
  for (let lane = 0; lane < LANES; lane++) {
    loop.push(...get(ROW_LOCAL + lane), ...i32(64), ...addI32, ...set(ROW_LOCAL + lane));
  }
  return [...begin, ...i32(0), ...set(ROUND), ...repeat([...loop, ...nextRounds(16)])];
}

/** Round t: `addWord` adds its constant and its word. The state's locals do not move; their names do. */
function round(t: number, addWord: Code): Code {
  const named = (letter: number) => STATE_LOCAL + ((letter + 64 - t) % 8);
  const [a, b, d, e, f, g, h] = [named(0), named(1), named(3), named(4), named(5), named(6), named(7)];
  return [
    // h + K + W + Ch(e, f, g) + Σ1(e), what is there first first.
    ...[...get(h), ...addWord],
    ...[...get(f), ...get(g), ...get(e), ...bitselect, ...add],
    ...[...sum(e, [6, 11, 25]), ...add, ...set(TEMPORARY)],
    ...[...get(d), ...get(TEMPORARY), ...add, ...set(d)],
    // Maj(a, b, c) + Σ0(a). Maj is b, but for where b differs from both; the next round knows how its b and c differ.
    ...[...get(a), ...get(b), ...xor, ...tee(DIFFERS[t % 2]!), ...get(DIFFERS[(t + 1) % 2]!), ...and],
    ...[...get(b), ...xor, ...get(TEMPORARY), ...add, ...sum(a, [2, 13, 22]), ...add, ...set(h)],
  ];
}

/** Word t of the schedule, in place of word t − 16. */
function schedule(t: number): Code {
  const local = (i: number) => WORD_LOCAL + (i % 16);
  return [
    ...[...get(local(t)), ...small(local(t + 1), [7, 18, 3]), ...add],
    ...[...get(local(t + 9)), ...add],
    ...[...small(local(t + 14), [17, 19, 10]), ...add, ...set(local(t))],
  ];
}

/** Word t of the schedule of a short block, without what is zero. */
function shortSchedule(t: number): Code {
  const local = (i: number) => WORD_LOCAL + (i % 16);
  const terms = [
    isZero(t - 16) ? [] : get(local(t)),
    isZero(t - 15) ? [] : small(local(t + 1), [7, 18, 3]),
    isZero(t - 7) ? [] : get(local(t + 9)),
    isZero(t - 2) ? [] : small(local(t + 14), [17, 19, 10]),
  ].filter((term) => term.length > 0);
  return [...terms.flatMap((term, i) => (i === 0 ? term : [...term, ...add])), ...set(local(t))];
}

const numbers = (positions: readonly number[]): Code =>
  shuffle(positions.flatMap((position) => [0, 1, 2, 3].map((byte) => 4 * position + byte)));
const LOW = numbers([0, 4, 1, 5]);
const HIGH = numbers([2, 6, 3, 7]);
const LOW_HALVES = numbers([0, 1, 4, 5]);
const HIGH_HALVES = numbers([2, 3, 6, 7]);

/** Four vectors to four locals: number j of vector i becomes number i of local j. Clobbers the four locals before it reads none. */
export function transpose(rows: readonly [Code, Code, Code, Code], local: number): Code {
  const [a, b, c, d] = rows;
  const at = (i: number) => get(local + i);
  return [
    ...[...a, ...set(local), ...b, ...set(local + 1), ...c, ...set(local + 2), ...d, ...set(local + 3)],
    // In pairs, the high half first on the stack.
    ...[...at(0), ...at(1), ...HIGH, ...at(0), ...at(1), ...LOW, ...set(local)],
    ...[...set(local + 1)],
    ...[...at(2), ...at(3), ...HIGH, ...at(2), ...at(3), ...LOW, ...set(local + 2)],
    ...[...set(local + 3)],
    ...[...at(0), ...at(2), ...LOW_HALVES, ...at(0), ...at(2), ...HIGH_HALVES],
    ...[...at(1), ...at(3), ...LOW_HALVES, ...at(1), ...at(3), ...HIGH_HALVES],
    ...[...set(local + 3), ...set(local + 2), ...set(local + 1), ...set(local)],
  ];
}
