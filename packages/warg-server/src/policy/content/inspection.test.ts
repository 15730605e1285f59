import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { componentOf, coreModule, interfacePackage, witPackageOf } from '../../../test/wasm-samples.ts';
import { inspectWasm } from './inspection.ts';
import { compileWasmTools, ToolsFailure, wasmToolsFile } from './wasm-tools.ts';

const mebibyte = 2 ** 20;
const tools = compileWasmTools(wasmToolsFile(), 256 * mebibyte);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-inspection-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function inspected(bytes: Uint8Array, module = tools) {
  const file = join(dir, 'content');
  await writeFile(file, bytes);
  return inspectWasm(module, file, bytes.byteLength);
}

const hello = `package test:hello@1.2.0;
interface shapes {
  resource shape { constructor(size: u32); area: func() -> u32; }
  record point { x: u32, y: u32 }
  move-by: func(s: borrow<shape>, by: point) -> result<point, string>;
}
world hello {
  import log: func(text: string);
  import shapes;
  export greet: func(name: string) -> string;
  export shapes;
}`;

describe('inspectWasm', () => {
  it('knows a core module', async () => {
    expect(await inspected(await parse('(module (func (result i32) i32.const 1))'))).toEqual({
      kind: 'module',
    });
  });

  it('knows a component', async () => {
    expect(await inspected(await componentOf(hello))).toEqual({ kind: 'component' });
  });

  it('knows components that no WIT can describe', async () => {
    const component = await parse(`(component
      (import "m" (core module))
      (import "r" (type $r (sub resource)))
      (import "unlocked-dep=<a:b@{>=1.0.0}>" (component))
      (type $t u32)
      (import "e" (type (eq $t)))
      (import "f" (func (param "x" (own $r))))
      (core module $n)
      (component $c (core module (func)))
      (export "n" (core module $n))
    )`);
    expect(await inspected(component)).toEqual({ kind: 'component' });
  });

  it.each([
    ['package test:hello@1.2.0-rc.1+build; world w { import f: func(); }', 'test:hello', '1.2.0-rc.1+build'],
    ['package test:hello; world w { export f: func(); }', 'test:hello', undefined],
    [hello, 'test:hello', '1.2.0'],
  ])('knows a WIT package, its name and its version: %s', async (wit, name, version) => {
    expect(await inspected(await witPackageOf(wit))).toEqual({ kind: 'wit-package', name, version });
  });

  it('knows a WIT package without a world', async () => {
    const bytes = await interfacePackage('test:shapes/i@1.0.0');
    expect(await inspected(bytes)).toEqual({ kind: 'wit-package', name: 'test:shapes', version: '1.0.0' });
  });

  it('takes a component of nothing but a type as a component', async () => {
    const bytes = await parse('(component (type $t u32) (export "t" (type $t)))');
    expect(await inspected(bytes)).toEqual({ kind: 'component' });
  });

  it.each([
    ['nothing', '', /do not begin as WebAssembly/],
    ['a text', Buffer.from('(module)   ').toString('hex'), /do not begin as WebAssembly/],
    ['another version', '0061736d02000000', /unknown version/],
    ['a module that breaks off', '0061736d0100000001', /does not validate/],
    ['a component that breaks off', '0061736d0d00010007', /size of a section/],
    ['a section that is too long', '0061736d0d00010007ffffffff0f', /out of bounds/],
    ['a size of six bytes', '0061736d0d00010007808080808000', /size of a section/],
    ['a section of an unknown kind', '0061736d0d0001007f0100', /./],
  ])('refuses %s', async (_, hex, message) => {
    await expect(inspected(new Uint8Array(Buffer.from(hex, 'hex')))).rejects.toThrow(message);
  });

  it.each([
    [
      'a function index that is not there',
      '(component (export "f" (func 5)))',
      /function index out of bounds/,
    ],
    [
      'a core module inside whose code is wrong',
      '(component (core module (func (result i32))))',
      /does not validate/,
    ],
    [
      'one deep inside',
      '(component (component (component (core module (func (result i32))))))',
      /does not validate/,
    ],
    [
      'an instance of what is not there',
      '(component (component (instance (instantiate 3))))',
      /out of bounds/,
    ],
  ])('refuses %s', async (_, wat, message) => {
    await expect(parse(wat).then(inspected)).rejects.toMatchObject({
      code: 'INVALID_WASM',
      message: expect.stringMatching(message),
    });
  });

  it('refuses components nested deeper than the limit', async () => {
    let bytes = coreModule.with(4, 0x0d).with(6, 1);
    for (let depth = 0; depth < 150; depth++) {
      const size = [0, 1, 2, 3, 4].map(
        (i) => (Math.floor(bytes.length / 2 ** (7 * i)) % 128) + (i < 4 ? 128 : 0),
      );
      bytes = new Uint8Array([...coreModule.with(4, 0x0d).with(6, 1), 4, ...size, ...bytes]);
    }
    await expect(inspected(bytes)).rejects.toThrow('nested deeper than 100');
  });

  it('refuses a component of very many modules and of very many sections', async () => {
    const header = coreModule.with(4, 0x0d).with(6, 1);
    const modules = Buffer.concat([
      header,
      ...Array.from({ length: 10_001 }, () => Uint8Array.of(1, 8, ...coreModule)),
    ]);
    await expect(inspected(modules)).rejects.toThrow('more than 10000 modules');
    const sections = Buffer.concat([header, Buffer.alloc(3 * 1_000_001, Uint8Array.of(0, 1, 0))]);
    await expect(inspected(sections)).rejects.toThrow('more than 1000000 sections');
  });

  it('stays within its memory', async () => {
    const small = compileWasmTools(wasmToolsFile(), 4 * mebibyte);
    const component = Buffer.concat([
      await componentOf(hello),
      Uint8Array.of(0, 0x84, 0x80, 0x80, 0x04, 1, 0x61),
      Buffer.alloc(8 * mebibyte + 2),
    ]);
    await expect(inspected(component, small)).rejects.toThrow(ToolsFailure);
    await expect(inspected(component)).resolves.toEqual({ kind: 'component' });
  });

  it('has an opinion of everything that begins as a component', async () => {
    const samples = [await componentOf(hello), await witPackageOf(hello)];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (sample, changes) => {
          const bytes = sample.slice();
          for (const [at, value] of changes) bytes[8 + (at % (bytes.length - 8))] = value;
          try {
            expect(['component', 'wit-package']).toContain((await inspected(bytes)).kind);
          } catch (error) {
            expect(error).toMatchObject({ code: 'INVALID_WASM' });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
