// Writes WebAssembly modules: as much of the binary format (https://webassembly.github.io/spec/core/binary/) as a hash function
// on vectors needs.

/** Instructions, encoded. */
export type Code = readonly number[];

/** The types of parameters and locals. */
export const I32 = 0x7f;
export const V128 = 0x7b;

/** An unsigned number in LEB128. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

/** A signed number of 32 bits in LEB128. */
function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const simd = (opcode: number, ...rest: Code[]): Code => [0xfd, ...unsigned(opcode), ...rest.flat()];
/** Alignment is a promise that nothing depends on; none is made. */
const memory = (offset: number): Code => [0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const addI32: Code = [0x6a];
export const subI32: Code = [0x6b];
export const mulI32: Code = [0x6c];
export const andI32: Code = [0x71];
export const shlI32: Code = [0x74];
export const shrI32: Code = [0x76];
export const lessI32: Code = [0x48];
export const call = (index: number): Code => [0x10, ...unsigned(index)];
/** Runs `body`, and again for as long as it leaves something other than 0. */
export const repeat = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b];

export const load = (offset: number): Code => simd(0x00, memory(offset));
export const loadSplat = (offset: number): Code => simd(0x09, memory(offset));
export const store = (offset: number): Code => simd(0x0b, memory(offset));
/** Four times the same number. */
export const splatConstant = (value: number): Code =>
  simd(
    0x0c,
    [0, 1, 2, 3].flatMap(() => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)),
  );
/** Sixteen bytes of two vectors, picked by their positions in both. */
export const shuffle = (positions: readonly number[]): Code => simd(0x0d, positions);
/** One number of a vector. */
export const lane = (index: number): Code => simd(0x1b, [index]);
export const and: Code = simd(0x4e);
export const or: Code = simd(0x50);
export const xor: Code = simd(0x51);
/** Of two vectors the bits of the first where a third has a 1. */
export const bitselect: Code = simd(0x52);
export const shl: Code = simd(0xab);
export const shrSigned: Code = simd(0xac);
export const shr: Code = simd(0xad);
export const add: Code = simd(0xae);

export interface FunctionBody {
  readonly exported?: string;
  /** How many parameters of type i32 it has. It returns nothing. */
  readonly parameters: number;
  /** The locals behind the parameters, as runs of one type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly code: Code;
}

/** A module with a memory that it exports as `memory`. */
export function assemble(pages: number, functions: readonly FunctionBody[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly Code[]): Code => {
    const content = [...unsigned(items.length), ...items.flat()];
    return [id, ...unsigned(content.length), ...content];
  };
  const name = (text: string): Code => [
    text.length,
    ...[...text].map((character) => character.charCodeAt(0)),
  ];
  const bodies = functions.map(({ locals, code }): number[] => {
    const runs = locals.flatMap(([count, type]) => [...unsigned(count), type]);
    const body = [...unsigned(locals.length), ...runs, ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  const exports = functions.flatMap(({ exported }, index): Code[] =>
    exported === undefined ? [] : [[...name(exported), 0, index]],
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      functions.map(({ parameters }) => [0x60, parameters, ...new Array<number>(parameters).fill(I32), 0]),
    ),
    ...section(
      3,
      functions.map((_, index) => [index]),
    ),
    ...section(5, [[0, ...unsigned(pages)]]),
    ...section(7, [...exports, [...name('memory'), 2, 0]]),
    ...section(10, bodies),
  ]);
}
