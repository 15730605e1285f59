import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWasm } from './component-names.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-component-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function described(bytes: Uint8Array) {
  const file = join(dir, 'content');
  await writeFile(file, bytes);
  return await describeWasm(file);
}

/** A component of this world, made of traps. */
async function componentOf(wit: string): Promise<Uint8Array> {
  const core = await componentEmbed({ dummy: true, witSource: wit } as never);
  return await componentNew(core, []);
}

const wit = `package test:hello@1.2.0;
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

describe('describeWasm', () => {
  it('names what a component imports and exports', async () => {
    const found = await described(await componentOf(wit));
    expect(found).toMatchObject({ type: 'component' });
    if (found.type !== 'component') return;
    expect([...found.imports].sort()).toEqual(['log', 'test:hello/shapes@1.2.0']);
    expect([...found.exports].sort()).toEqual(['greet', 'test:hello/shapes@1.2.0']);
  });

  it('reads every kind of import and export', async () => {
    const component = await parse(`(component
      (import "m" (core module))
      (import "r" (type $r (sub resource)))
      (import "unlocked-dep=<a:b@{>=1.0.0}>" (component))
      (type $t u32)
      (import "e" (type (eq $t)))
      (import "f" (func (param "x" (own $r))))
      (import "i" (instance (export "g" (func))))
      (core module $n)
      (export "n" (core module $n))
      (export "t" (type $t))
    )`);
    expect(await described(component)).toEqual({
      type: 'component',
      imports: ['m', 'r', 'unlocked-dep=<a:b@{>=1.0.0}>', 'e', 'f', 'i'],
      exports: ['n', 't'],
    });
  });

  it.each([
    ['nothing', []],
    ['some bytes', [1, 2, 3]],
    ['a core module', [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]],
  ])('says that %s is something else', async (_, bytes) => {
    expect(await described(new Uint8Array(bytes))).toEqual({ type: 'other' });
  });

  it('comes to an end with whatever follows the header of a component', async () => {
    const component = await componentOf(wit);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(component.byteLength - 9), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 8, max: component.byteLength }),
        async (changes, length) => {
          const bytes = component.slice(0, length);
          for (const [at, value] of changes) if (at + 8 < length) bytes[at + 8] = value;
          expect(await described(bytes)).toMatchObject({ type: 'component' });
        },
      ),
      { numRuns: 100 },
    );
  });
});
