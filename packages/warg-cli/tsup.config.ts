import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { bin: 'src/bin.ts', main: 'src/main.ts' },
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
