import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every test runs twice, once over each implementation of the primitives.
const project = (name: 'node' | 'noble') => ({
  extends: true as const,
  resolve: { alias: { '#backend': fileURLToPath(new URL(`src/backend/${name}.ts`, import.meta.url)) } },
  test: { name, include: ['src/**/*.test.ts'] },
});

export default defineConfig({
  test: {
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report.json' },
    // No test depends on time: these only end one that hangs, however slow the machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [project('node'), project('noble')],
  },
});
