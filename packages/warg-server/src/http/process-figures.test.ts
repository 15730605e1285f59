import perfHooks from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { openRegistry } from '../../test/registry-caller.ts';
import { addProcessFigures } from './process-figures.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects garbage, and waits until whoever observes that has been told. */
async function observedCollection(): Promise<void> {
  await new Promise<void>((resolve) => {
    const observer = new perfHooks.PerformanceObserver(() => {
      observer.disconnect();
      // The others that observe it are told in the same turn.
      setImmediate(resolve);
    });
    observer.observe({ entryTypes: ['gc'] });
    collectGarbage();
  });
}

/** How often garbage was collected, as far as it was counted. */
function collections(text: string): number {
  const counts = [...text.matchAll(/^nodejs_gc_duration_seconds_count.* (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The delay of the event loop since it was asked for last; NaN where nothing was measured. */
function delay(text: string): number {
  return Number(/^nodejs_eventloop_lag_mean_seconds (\S+)$/m.exec(text)?.[1]?.replace('Nan', 'NaN'));
}

describe('addProcessFigures', () => {
  it('observes the process until it is told to end', async () => {
    const register = new Registry();
    const before = { ...perfHooks };
    const end = addProcessFigures(register, collectDefaultMetrics);
    expect({ ...perfHooks }).toEqual(before);
    await observedCollection();
    await expect.poll(async () => collections(await register.metrics())).toBeGreaterThan(0);
    await expect.poll(async () => delay(await register.metrics())).toBeGreaterThan(0);
    end();
    end();
    const counted = collections(await register.metrics());
    await observedCollection();
    // What was measured before the end is told once, and then nothing any more.
    await register.metrics();
    await observedCollection();
    const after = await register.metrics();
    expect(collections(after)).toBe(counted);
    expect(delay(after)).toBeNaN();
    expect(after).toContain('process_cpu_seconds_total');
  });

  it('leaves node:perf_hooks as it was when it fails', () => {
    const before = { ...perfHooks };
    const fail = () => {
      throw new Error('on purpose');
    };
    expect(() => addProcessFigures(new Registry(), fail)).toThrow('on purpose');
    expect({ ...perfHooks }).toEqual(before);
  });
});

describe('a registry with metrics', () => {
  it('observes the process no more when it is closed', async () => {
    const registry = await openRegistry({ metrics: true });
    const text = async () => (await registry.metrics())!.body;
    await observedCollection();
    await expect.poll(async () => collections(await text())).toBeGreaterThan(0);
    await registry.close();
    const counted = collections(await text());
    await observedCollection();
    expect(collections(await text())).toBe(counted);
  });
});
