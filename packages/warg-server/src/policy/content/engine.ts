/** A compiled core module. */
export interface CoreModule {
  readonly [Symbol.toStringTag]: string;
}

/** A function of a core module, or one that is given to it. */
export type CoreFunction = (...parameters: never[]) => number;

interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): CoreModule;
    imports(module: CoreModule): readonly { readonly name: string }[];
  };
  readonly Instance: {
    new (
      module: CoreModule,
      imports: Readonly<Record<string, Readonly<Record<string, CoreFunction>>>>,
    ): { readonly exports: Readonly<Record<string, unknown>> };
  };
  validate(bytes: Uint8Array): boolean;
}

/** The engine of this program: its types come with those of browsers alone. */
export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
