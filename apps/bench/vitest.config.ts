import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report.json' },
    // No test depends on time: these only end one that hangs, however slow the machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
