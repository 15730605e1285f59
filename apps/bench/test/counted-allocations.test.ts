// How many bytes our code allocates for a key, a record, a proof or an answer, counted: a change that allocates more fails here on
// any machine, however busy. A number that falls is written down as the new one; one that rises wants a reason.
//
// They are those of Node's interpreter, in a process of one thread in which nothing is collected: the same in every run. Code that
// V8 has compiled allocates less: results of iterators, closures and numbers beyond 31 bits are objects to the interpreter alone. So
// code that is made faster for the compiler may count for more here; that is a reason, and `npm run bench` shows it.

import { fileURLToPath } from 'node:url';
import { cleanEnvironment, must, runProgram } from '@warg-apps/programs';
import { describe, expect, it } from 'vitest';
import { type Allocated, flags } from './allocations/allocated.ts';

/** Bytes on the heap and in array buffers. */
type Budget = readonly [heap: number, buffers: number];

/**
 * How much more than its budget something may take. Nearly all comes to the same byte in every run; only what the server publishes
 * is 0.14 % apart, since it depends on when records arrive what is done together.
 */
const SLACK = 1.01;

async function countIn(kind: string): Promise<Record<string, Allocated>> {
  const program = fileURLToPath(new URL('allocations/count.ts', import.meta.url));
  // Options of whoever runs the tests would count with it.
  const env = cleanEnvironment({ NODE_OPTIONS: '', NODE_V8_COVERAGE: '' });
  const { stdout } = await must(
    runProgram(process.execPath, [...flags, program, kind], { env, timeout: 300_000 }),
  );
  return JSON.parse(stdout) as Record<string, Allocated>;
}

/** What takes more than its budget, as texts. */
function beyond(counted: Record<string, Allocated>, budgets: Record<string, Budget>): string[] {
  return Object.entries(budgets).flatMap(([name, [heap, buffers]]) => {
    const found = counted[name]!;
    const isOver = found.heap > heap * SLACK || found.buffers > buffers * SLACK;
    return isOver ? [`${name}: expected [${heap}, ${buffers}], found [${found.heap}, ${found.buffers}]`] : [];
  });
}

describe('allocations', () => {
  it.each<[string, Record<string, Budget>]>([
    [
      'trees',
      {
        'map: a key, in batches of 1,024': [8576, 2250],
        'map: a proof of 50': [256_012, 30_334],
        'log: a leaf, in batches of 1,024': [79.0, 83.1],
        'log: a proof of 50': [706_148, 19_427],
      },
    ],
    [
      'records',
      {
        'protocol: a fetched record, decoded': [2451, 406],
        'protocol: a record, folded and verified': [8556, 272],
      },
    ],
    [
      'server',
      {
        'server: a published record, 200 at once': [92_557, 3934],
        'server: the checkpoint': [8291, 0],
        'server: a fetched log': [28_851, 338],
        'server: a fetched log, asked for again': [7284, 110],
        'server: a proof of consistency': [51_913, 776],
        'server: a proof of inclusion of 1': [80_742, 2538],
        'server: a proof of inclusion of 50': [716_079, 35_003],
      },
    ],
    ['client', { 'client: a record, in a cold update of 50 packages with 10 each': [28_501, 2398] }],
  ])('are as many as is written here: %s', async (kind, budgets) => {
    const counted = await countIn(kind);
    expect(Object.keys(counted).sort()).toEqual(Object.keys(budgets).sort());
    expect(beyond(counted, budgets)).toEqual([]);
  });

  it('are counted where they are known', async () => {
    const { nothing, array, bytes, buffer } = await countIn('known');
    // Looking takes some 2 KB by itself, here for a thousand times.
    expect(nothing!.heap).toBeLessThan(4);
    // Eight bytes for each place, sixteen before them, and the array's own 32. V8 has a piece of each page for itself.
    const size = 100 * 8 + 16 + 32;
    expect(array!.heap).toBeGreaterThanOrEqual(size);
    expect(array!.heap).toBeLessThan(1.05 * size);
    expect([bytes!.buffers, buffer!.buffers]).toEqual([1000, 7]);
  });
});
