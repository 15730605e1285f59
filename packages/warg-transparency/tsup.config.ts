import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    sqlite: 'src/sqlite.ts',
    testing: 'src/testing.ts',
    'lanes/plain': 'src/lanes/plain.ts',
    'lanes/simd': 'src/lanes/simd.ts',
    'node/hash-worker': 'src/node/hash-worker.ts',
    'node/hash-thread': 'src/node/hash-thread.ts',
  },
  format: ['esm'],
  platform: 'neutral',
  target: 'es2023',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup would turn `node:sqlite` into `sqlite`, which does not exist.
  removeNodeProtocol: false,
  external: ['#lanes', /^node:/],
});
