import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type CoreModule, engine } from '../src/policy/content/engine.ts';

/** The smallest core module. */
export const coreModule = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** A component of the one world of this WIT, made of traps. */
export async function componentOf(wit: string): Promise<Uint8Array> {
  const core = await componentEmbed({ dummy: true, witSource: wit } as never);
  return await componentNew(core, []);
}

interface Sections {
  customSections(module: CoreModule, name: string): readonly ArrayBuffer[];
}

/**
 * The package of this WIT in its binary form, as far as its one world has it: what tools put into a core module, for the
 * component to be made of it.
 */
export async function witPackageOf(wit: string): Promise<Uint8Array> {
  const core = new engine.Module(await componentEmbed({ dummy: true, witSource: wit } as never));
  const [section] = (engine.Module as unknown as Sections).customSections(core, 'component-type');
  if (section === undefined) throw new Error('expected the section `component-type`');
  return new Uint8Array(section);
}

/** A WIT package of one interface and no world. */
export async function interfacePackage(name: string): Promise<Uint8Array> {
  return await parse(`(component
    (type $i (component
      (type (instance (type (func)) (export "f" (func (type 0)))))
      (export "${name}" (instance (type 0)))))
    (export "i" (type $i)))`);
}
