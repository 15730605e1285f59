import { copyFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    main: 'src/main.ts',
    'writer-thread': 'src/sequencer/writer-thread.ts',
    'content-check-process': 'src/policy/content/check-process.ts',
  },
  format: ['esm'],
  platform: 'node',
  target: 'es2023',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup would turn `node:sqlite` into `sqlite`, which does not exist.
  removeNodeProtocol: false,
  external: [/^node:/],
  // The one file that is needed of a package whose dependencies take 93 MB, and its license.
  onSuccess: async () => {
    const tools = import.meta.resolve('@bytecodealliance/jco-transpile/wasm-tools');
    await copyFile(new URL('../vendor/wasm-tools.core.wasm', tools), 'dist/wasm-tools.core.wasm');
    await copyFile(new URL('../LICENSE', tools), 'dist/wasm-tools.notice.txt');
  },
});
