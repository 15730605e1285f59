import { closeSync, openSync, readSync } from 'node:fs';
import { type CoreModule, engine } from './engine.ts';
import { InvalidWasmError, readStructure } from './wasm-structure.ts';
import { startWasmTools, type ToolsAnswer, ToolsFailure, type WasmTools } from './wasm-tools.ts';

/** What a content was found to be. */
export type WasmFacts =
  | { readonly kind: 'module' | 'component' }
  | {
      readonly kind: 'wit-package';
      /** `namespace:name`, from the WIT. */
      readonly name: string;
      /** Undefined where the WIT names none. */
      readonly version: string | undefined;
    };

/** Header of a component, and a section for a component inside whose size takes five bytes. */
const wrapper = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, 0x04];
const wrapperSize = wrapper.length + 5;

/**
 * Validates a content and finds out what it is.
 *
 * Core modules, also those inside of components, are validated by the engine of this program; everything around them by
 * wasm-tools. It does so while it looks for WIT, which not every component can be described in; so it is shown the content
 * inside of another component, where it validates and does not look.
 *
 * @throws InvalidWasmError
 * @throws ToolsFailure if it takes too much memory, or wasm-tools breaks off
 */
export function inspectWasm(module: CoreModule, path: string, size: number): WasmFacts {
  const wrapped = loadFile(startWasmTools(module), path, size, true);
  const content = wrapped.bytes.subarray(wrapperSize);
  const structure = readStructure(content);
  if (structure.type === 'module') {
    requireModule(content);
    return { kind: 'module' };
  }
  for (const [start, end] of structure.modules) requireModule(content.subarray(start, end));
  requireText(wrapped.decodeWit());
  if (!structure.hasOnlyTypes) return { kind: 'component' };
  const wit = loadFile(startWasmTools(module), path, size, false).decodeWit();
  // A component of types need not be a WIT package.
  if (wit.type !== 'witPackage') return { kind: 'component' };
  return witPackageOf(requireText(loadFile(startWasmTools(module), path, size, false).print()));
}

function loadFile(tools: WasmTools, path: string, size: number, wrap: boolean) {
  const before = wrap ? wrapperSize : 0;
  return tools.load(before + size, (room) => {
    if (wrap) room.set([...wrapper, ...paddedSize(size)]);
    const file = openSync(path, 'r');
    try {
      let filled = before;
      while (filled < room.byteLength) {
        const read = readSync(file, room, filled, Math.min(2 ** 20, room.byteLength - filled), null);
        if (read === 0) throw new Error('a content ended too early');
        filled += read;
      }
    } finally {
      closeSync(file);
    }
  });
}

/** LEB128 of five bytes, whatever the number. */
function paddedSize(size: number): number[] {
  return [0, 1, 2, 3, 4].map((i) => (Math.floor(size / 2 ** (7 * i)) % 0x80) + (i < 4 ? 0x80 : 0));
}

function requireModule(bytes: Uint8Array): void {
  if (!engine.validate(bytes)) {
    throw new InvalidWasmError('a core module does not validate');
  }
}

function requireText(answer: ToolsAnswer): string {
  if (answer.type === 'text') return answer.text;
  if (answer.type === 'witPackage') throw new ToolsFailure('a WIT package was found where none can be');
  throw new InvalidWasmError(answer.message.replace(/^Failed to decode wit component\n/, ''));
}

/**
 * Every interface and world of a WIT package is exported as a component type that exports it again under its full name.
 * wasm-tools has made sure that the names belong to one package.
 */
function witPackageOf(text: string): WasmFacts {
  const inner = /^ {6}\(export \(;\d+;\) "([^"/]+)\/[^"@]+(?:@([^"]+))?" \((?:instance|component) /m.exec(
    text,
  );
  const [, name, version] = inner ?? [];
  if (name === undefined) throw new InvalidWasmError('a WIT package without any name');
  return { kind: 'wit-package', name, version };
}
