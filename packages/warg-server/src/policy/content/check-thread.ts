import { parentPort, workerData } from 'node:worker_threads';
import type { CheckAnswer, CheckRequest, CheckThreadOptions } from './check-messages.ts';
import { inspectWasm } from './inspection.ts';
import { InvalidWasmError } from './wasm-structure.ts';
import { compileWasmTools, ToolsFailure } from './wasm-tools.ts';

// The entry of a worker that reads what strangers sent. It has one file at a time, and whoever started it ends it when it
// takes too long.

const port = parentPort!;
const { memoryLimit } = workerData as CheckThreadOptions;
const module = compileWasmTools(memoryLimit);

// Whatever goes wrong from here on is the content's fault.
port.postMessage('ready');
port.on('message', ({ path, size }: CheckRequest) => port.postMessage(answerTo(path, size)));

function answerTo(path: string, size: number): CheckAnswer {
  try {
    return { type: 'facts', facts: inspectWasm(module, path, size) };
  } catch (error) {
    if (error instanceof InvalidWasmError) return { type: 'invalid', reason: error.message };
    if (error instanceof ToolsFailure) return { type: 'failed', reason: failureOf(error.message) };
    throw error;
  }
}

function failureOf(message: string): string {
  if (message.includes('memory allocation')) return `it takes more than ${memoryLimit} bytes of memory`;
  return 'wasm-tools broke off';
}
