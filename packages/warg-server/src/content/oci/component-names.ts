import { type FileHandle, open } from 'node:fs/promises';
import { decodeUtf8 } from '@warg/crypto';
import type { WasmDescription } from './artifact.ts';

const componentHeader = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const importSection = 10;
const exportSection = 11;
/** Bytes of one section that are read; names beyond are of no use to anybody. */
const largestSection = 2 ** 20;
const mostSections = 100_000;

/**
 * Finds out what lies in a file: a component with the names that it imports and exports, or something else. A component
 * that cannot be read to its end is described as far as it was understood, for this is a description and no validation.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
export async function describeWasm(path: string): Promise<WasmDescription> {
  const file = await open(path, 'r');
  try {
    const header = await readAt(file, 0, componentHeader.length);
    if (!componentHeader.every((byte, i) => header[i] === byte)) return { type: 'other' };
    const imports: string[] = [];
    const exports: string[] = [];
    let position = componentHeader.length;
    for (let sections = 0; sections < mostSections; sections++) {
      // An id and a LEB128 number of at most five bytes.
      const start = await readAt(file, position, 6);
      if (start.byteLength === 0) break;
      try {
        const reader = new SectionReader(start);
        const id = reader.byte();
        const size = reader.u32();
        position += reader.position;
        if (id === importSection || id === exportSection) {
          if (size > largestSection) break;
          const section = new SectionReader(await readAt(file, position, size));
          if (id === importSection) section.imports(imports);
          else section.exports(exports);
        }
        position += size;
      } catch (error) {
        if (error instanceof UnreadableSection) break;
        throw error;
      }
    }
    return { type: 'component', imports, exports };
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

class UnreadableSection extends Error {}

/** Reads the parts of a section that stand around names. */
class SectionReader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.position];
    if (byte === undefined) throw new UnreadableSection();
    this.position++;
    return byte;
  }

  u32(): number {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new UnreadableSection();
  }

  /** `vec(import)`: a name and what is imported. */
  imports(names: string[]): void {
    for (let count = this.u32(); count > 0; count--) {
      const name = this.#name();
      this.#externDescription();
      names.push(name);
    }
  }

  /** `vec(export)`: a name, what is exported, and perhaps the type that it is exported as. */
  exports(names: string[]): void {
    for (let count = this.u32(); count > 0; count--) {
      const name = this.#name();
      if (this.byte() === 0x00) this.byte();
      this.u32();
      if (this.byte() === 0x01) this.#externDescription();
      names.push(name);
    }
  }

  #name(): string {
    const form = this.byte();
    if (form > 0x01) throw new UnreadableSection();
    const length = this.u32();
    const bytes = this.#bytes.subarray(this.position, this.position + length);
    if (bytes.byteLength < length) throw new UnreadableSection();
    this.position += length;
    try {
      return decodeUtf8(bytes);
    } catch {
      throw new UnreadableSection();
    }
  }

  #externDescription(): void {
    switch (this.byte()) {
      case 0x00: // core module
        this.byte();
        this.u32();
        break;
      case 0x02: // value: equal to another one, or of a type, which is one byte or an index
        this.byte();
        this.u32();
        break;
      case 0x03: // type: equal to another one, or a resource
        if (this.byte() === 0x00) this.u32();
        break;
      case 0x01: // function
      case 0x04: // component
      case 0x05: // instance
        this.u32();
        break;
      default:
        throw new UnreadableSection();
    }
  }
}
