import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CoreFunction, type CoreModule, engine } from './engine.ts';

/** What wasm-tools says to bytes that were written to it. */
export interface WasmTools {
  /**
   * Has room made in the memory of the tools and filled. The view is good until the next call.
   *
   * @throws ToolsFailure when there is not so much room
   */
  load(size: number, fill: (room: Uint8Array) => void): Loaded;
}

export interface Loaded {
  readonly bytes: Uint8Array;
  /** Decodes the WIT of a component, which validates all of it but the functions of its core modules. Call one of both, once. */
  decodeWit(): ToolsAnswer;
  /** The text form. */
  print(): ToolsAnswer;
}

export type ToolsAnswer =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'error'; readonly message: string }
  /** A valid WIT package, which `decodeWit` has no answer for. */
  | { readonly type: 'witPackage' };

/** The tools broke off. */
export class ToolsFailure extends Error {
  override readonly name = 'ToolsFailure';
}

/** Bytes of a page of WebAssembly memory. */
const page = 65_536;

/**
 * Compiles `wasm-tools` of the Bytecode Alliance. It is the core module out of `@bytecodealliance/jco-transpile`, without
 * that package's 93 MB of dependencies and without the file system that it is given there: all that it imports is refused.
 *
 * @param file see {@link wasmToolsFile}
 * @param memoryLimit most bytes of memory that it may have
 */
export function compileWasmTools(file: string, memoryLimit: number): CoreModule {
  return new engine.Module(limitMemory(readFileSync(file), Math.floor(memoryLimit / page)));
}

/** Where the core module lies. */
export function wasmToolsFile(): string {
  // The build puts a copy beside this file.
  if (!import.meta.url.endsWith('.ts')) {
    return fileURLToPath(new URL('./wasm-tools.core.wasm', import.meta.url));
  }
  const installed = import.meta.resolve('@bytecodealliance/jco-transpile/wasm-tools');
  return fileURLToPath(new URL('../vendor/wasm-tools.core.wasm', installed));
}

/** Begins anew, with nothing of an earlier content in memory. */
export function startWasmTools(module: CoreModule): WasmTools {
  let said = '';
  const { exports } = new engine.Instance(module, {
    wasi_snapshot_preview1: systemInterface(module, {
      // For hash maps. Nothing here has a secret; what collides on purpose ends at the time limit.
      random_get: (pointer: number, length: number) => {
        crypto.getRandomValues(new Uint8Array(memory.buffer, pointer >>> 0, length));
        return 0;
      },
      fd_write: (_file: number, vectors: number, count: number, written: number) => {
        let total = 0;
        for (let i = 0; i < count; i++) {
          const length = word(vectors + 8 * i + 4);
          said = (said + text(word(vectors + 8 * i), length)).slice(-2000);
          total += length;
        }
        new DataView(memory.buffer).setUint32(written >>> 0, total, true);
        return 0;
      },
      environ_sizes_get: (count: number, size: number) => {
        const view = new DataView(memory.buffer);
        view.setUint32(count >>> 0, 0, true);
        view.setUint32(size >>> 0, 0, true);
        return 0;
      },
      environ_get: () => 0,
    }),
  });
  const memory = exports['memory'] as { readonly buffer: ArrayBuffer };
  const word = (pointer: number): number => new DataView(memory.buffer).getUint32(pointer >>> 0, true);
  const text = (pointer: number, length: number): string =>
    Buffer.from(memory.buffer, pointer >>> 0, length).toString('utf8');
  const call = (name: string, ...parameters: number[]): number => {
    try {
      return (exports[name] as (...parameters: number[]) => number)(...parameters);
    } catch (error) {
      throw new ToolsFailure(said === '' ? String(error) : said, { cause: error });
    }
  };
  const allocate = (size: number): number => {
    try {
      return call('cabi_realloc', 0, 0, 1, size) >>> 0;
    } catch (cause) {
      throw new ToolsFailure('memory allocation failed', { cause });
    }
  };
  /** Calls a function of the type `list<u8> → result<string, string>` by the canonical ABI. */
  const ask = (name: string, pointer: number, size: number): ToolsAnswer => {
    let answer: number;
    try {
      answer = call(`local:wasm-tools/tools#${name}`, pointer, size);
    } catch (error) {
      if (said.includes('Unexpected wit package')) return { type: 'witPackage' };
      throw error;
    }
    const found = text(word(answer + 4), word(answer + 8));
    return word(answer) % 256 === 0 ? { type: 'text', text: found } : { type: 'error', message: found };
  };
  return {
    load(size, fill) {
      const pointer = allocate(Math.max(1, size));
      const bytes = new Uint8Array(memory.buffer, pointer, size);
      fill(bytes);
      return {
        bytes,
        decodeWit: () => ask('component-wit', pointer, size),
        print: () => ask('print', pointer, size),
      };
    },
  };
}

/** Every import of the module: those that are given, and refusals for the rest. */
function systemInterface(
  module: CoreModule,
  given: Readonly<Record<string, CoreFunction>>,
): Record<string, CoreFunction> {
  const badFile = 8;
  const imports: Record<string, CoreFunction> = {};
  for (const { name } of engine.Module.imports(module)) imports[name] = given[name] ?? (() => badFile);
  imports['proc_exit'] = () => {
    throw new ToolsFailure('the tools gave up');
  };
  return imports;
}

/** Writes a maximum into the memory section of a core module that has one memory without it. */
function limitMemory(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  const memorySection = 5;
  for (let position = 8; position < module.byteLength; ) {
    const [size, start] = readNumber(module, position + 1);
    if (module[position] !== memorySection) {
      position = start + size;
      continue;
    }
    const [minimum] = readNumber(module, start + 2);
    if (module[start] !== 1 || module[start + 1] !== 0) break;
    const section = [1, 1, ...number(minimum), ...number(Math.min(65_536, Math.max(minimum, pages)))];
    return new Uint8Array(
      Buffer.concat([
        module.subarray(0, position),
        Uint8Array.of(memorySection, ...number(section.length), ...section),
        module.subarray(start + size),
      ]),
    );
  }
  throw new Error('expected wasm-tools to have one memory without a limit');
}

function readNumber(bytes: Uint8Array, start: number): readonly [value: number, next: number] {
  let value = 0;
  for (let i = 0; ; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
}

/** LEB128. */
function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...number(Math.floor(value / 0x80))];
}
