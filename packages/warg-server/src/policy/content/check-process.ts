import { runInNewContext } from 'node:vm';
import {
  type CheckAnswer,
  type CheckProcessOptions,
  type CheckRequest,
  type FromCheckProcess,
  longestText,
} from './check-messages.ts';
import { inspectWasm } from './inspection.ts';
import { InvalidWasmError } from './wasm-structure.ts';
import { compileWasmTools, ToolsFailure } from './wasm-tools.ts';

// The program of a process that reads what strangers sent. It has one file at a time; whoever started it ends it when it
// takes too long, and it ends by itself when that one is gone.

// A terminal and a service manager tell a whole group of processes to end; the server finishes what it has begun first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());

const { tools, memoryLimit, timeLimit } = JSON.parse(process.argv[2]!) as CheckProcessOptions;
const module = compileWasmTools(tools, memoryLimit);

process.on('message', ({ path, size }: CheckRequest) => {
  // Written at once, so it arrives whatever becomes of this process then.
  say({ type: 'begun' });
  // A server that was killed ends nothing any more, and nothing else gets a turn in here meanwhile.
  const answer = runInNewContext('answer()', { answer: () => answerTo(path, size) }, { timeout: timeLimit });
  say(answer as CheckAnswer);
});
say({ type: 'ready' });

function say(message: FromCheckProcess): void {
  process.send!(message);
}

function answerTo(path: string, size: number): CheckAnswer {
  try {
    return { type: 'facts', facts: inspectWasm(module, path, size) };
  } catch (error) {
    if (error instanceof InvalidWasmError) {
      return { type: 'invalid', reason: error.message.slice(0, longestText) };
    }
    if (error instanceof ToolsFailure) return { type: 'failed', reason: failureOf(error.message) };
    throw error;
  }
}

function failureOf(message: string): string {
  if (message.includes('memory allocation')) return `it takes more than ${memoryLimit} bytes of memory`;
  return 'wasm-tools broke off';
}
