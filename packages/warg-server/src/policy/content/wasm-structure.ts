/**
 * Bytes that are no WebAssembly, with the reason. No `WargError`: the process that looks at contents can read no other
 * package.
 */
export class InvalidWasmError extends Error {
  override readonly name = 'InvalidWasmError';
  readonly code = 'INVALID_WASM';
}

/** What lies in a WebAssembly binary, as far as its sections say. */
export type WasmStructure =
  | { readonly type: 'module' }
  | {
      readonly type: 'component';
      /** Whether it has nothing but types that it exports, as a WIT package has. */
      readonly hasOnlyTypes: boolean;
      /** The core modules inside, at whatever depth: offsets of their first byte and of the one behind their last. */
      readonly modules: readonly (readonly [start: number, end: number])[];
    };

const magic = 0x6d736100;
const moduleVersion = 1;
const componentVersion = 0x1000d;
const customSection = 0;
const coreModuleSection = 1;
const componentSection = 4;
const typeSection = 7;
const exportSection = 11;

const deepest = 100;
const mostModules = 10_000;
const mostSections = 1_000_000;

/**
 * Finds the sections of a binary. Whether they are right inside is not looked at.
 *
 * @throws InvalidWasmError
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
export function readStructure(bytes: Uint8Array): WasmStructure {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (readVersion(view, 0, bytes.byteLength) === moduleVersion) return { type: 'module' };

  const modules: (readonly [number, number])[] = [];
  const types = new Set([customSection, typeSection, exportSection]);
  const found = new Set<number>();
  /** The ends of the components around the place that is looked at. */
  const ends = [bytes.byteLength];
  let position = 8;
  for (let sections = 0; ends.length > 0; ) {
    const end = ends.at(-1) ?? 0;
    if (position === end) {
      ends.pop();
      continue;
    }
    if (++sections > mostSections) throw new InvalidWasmError(`more than ${mostSections} sections`);
    const id = view.getUint8(position);
    const [size, start] = readSize(view, position + 1, end);
    if (start + size > end)
      throw new InvalidWasmError(`section out of bounds (at offset 0x${position.toString(16)})`);
    if (ends.length === 1) found.add(id);
    position = start + size;
    if (id === coreModuleSection) {
      if (modules.push([start, position]) > mostModules) {
        throw new InvalidWasmError(`more than ${mostModules} modules in one component`);
      }
    } else if (id === componentSection) {
      if (ends.length >= deepest) throw new InvalidWasmError(`components nested deeper than ${deepest}`);
      if (readVersion(view, start, position) !== componentVersion) {
        throw new InvalidWasmError(`expected a component (at offset 0x${start.toString(16)})`);
      }
      ends.push(position);
      position = start + 8;
    }
  }
  const hasOnlyTypes = found.has(exportSection) && [...found].every((id) => types.has(id));
  return { type: 'component', hasOnlyTypes, modules };
}

function readVersion(view: DataView, start: number, end: number): number {
  const where = `(at offset 0x${start.toString(16)})`;
  if (end - start < 8 || view.getUint32(start, true) !== magic) {
    throw new InvalidWasmError(`the bytes do not begin as WebAssembly does ${where}`);
  }
  const version = view.getUint32(start + 4, true);
  if (version === moduleVersion || version === componentVersion) return version;
  throw new InvalidWasmError(`unknown version of the binary format ${where}`);
}

/** An unsigned LEB128 number of at most 32 bits, and the offset behind it. */
function readSize(view: DataView, start: number, end: number): readonly [size: number, next: number] {
  let value = 0;
  for (let i = 0; i < 5 && start + i < end; i++) {
    const byte = view.getUint8(start + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (value >= 2 ** 32) break;
      return [value, start + i + 1];
    }
  }
  throw new InvalidWasmError(`expected the size of a section (at offset 0x${start.toString(16)})`);
}
