import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every test runs twice, once with the fast hashing of many branches at once, once with the plain one that defines it.
const project = (name: 'simd' | 'plain') => ({
  extends: true as const,
  resolve: { alias: { '#lanes': fileURLToPath(new URL(`src/lanes/${name}.ts`, import.meta.url)) } },
  test: { name, include: ['src/**/*.test.ts', 'test/**/*.test.ts'] },
});

export default defineConfig({
  test: {
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report.json' },
    // As in @warg/server: threads that run from source call JavaScript from WebAssembly, where V8 13 can crash.
    execArgv: ['--wasm-wrapper-tiering-budget=2000000000'],
    // No test depends on time: these only end one that hangs, however slow the machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [project('simd'), project('plain')],
  },
});
