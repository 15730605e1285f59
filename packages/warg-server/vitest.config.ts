import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report.json' },
    // Threads that run from source strip types by a WebAssembly module that calls JavaScript very often, and V8 13 can crash where
    // several threads of a process make such calls fast: it is not to. The built program has no such threads.
    execArgv: ['--wasm-wrapper-tiering-budget=2000000000'],
    // No test depends on time: these only end one that hangs, however slow the machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
