import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    sqlite: 'src/sqlite.ts',
    testing: 'src/testing.ts',
    'lanes/plain': 'src/lanes/plain.ts',
    'lanes/simd': 'src/lanes/simd.ts',
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
