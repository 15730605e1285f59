import { defineConfig } from 'tsup';

export default defineConfig({
  // The schemas stand apart, so that nobody loads zod who does not ask for them.
  entry: {
    index: 'src/index.ts',
    'api/index': 'src/api/index.ts',
    'api/schemas': 'src/api/schemas.ts',
    'json/index': 'src/json/index.ts',
  },
  format: ['esm'],
  platform: 'neutral',
  target: 'es2023',
  sourcemap: true,
  clean: true,
  splitting: true,
  // tsup would turn `node:sqlite` into `sqlite`, which does not exist.
  removeNodeProtocol: false,
  external: [/^node:/],
});
