import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', main: 'src/main.ts', 'writer-thread': 'src/sequencer/writer-thread.ts' },
  format: ['esm'],
  platform: 'node',
  target: 'es2023',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup would turn `node:sqlite` into `sqlite`, which does not exist.
  removeNodeProtocol: false,
  external: [/^node:/],
});
