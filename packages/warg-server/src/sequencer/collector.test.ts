import { describe, expect, it } from 'vitest';
import { Collector } from './collector.ts';

/** Something with a number of pages to collect, that says when it is asked to. */
function pages(count: number, onSlice: () => void | Promise<void> = () => {}) {
  let left = count;
  const slices: number[] = [];
  return {
    slices,
    collect: async (_time: number, limit: number) => {
      await onSlice();
      const taken = Math.min(left, limit);
      left -= taken;
      slices.push(taken);
      return taken;
    },
  };
}

describe('collection', () => {
  it('goes on in slices until there is nothing left', async () => {
    const source = pages(25);
    expect(await new Collector(source, 10).collect(0)).toBe(25);
    expect(source.slices).toEqual([10, 10, 5]);
  });

  it('lets others have their turn between two slices', async () => {
    const source = pages(25);
    const collecting = new Collector(source, 10).collect(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.slices.length).toBeLessThan(3);
    await collecting;
  });

  it('runs once at a time', async () => {
    const source = pages(25);
    const collector = new Collector(source, 10);
    expect(await Promise.all([collector.collect(0), collector.collect(0)])).toEqual([25, 25]);
    expect(source.slices).toEqual([10, 10, 5]);
    expect(await collector.collect(0)).toBe(0);
  });

  it('stops behind the slice that runs, and waits for it', async () => {
    const source = pages(1000, async () => {
      if (source.slices.length === 2) void collector.stop();
    });
    const collector = new Collector(source, 10);
    await collector.collect(0);
    await collector.stop();
    expect(source.slices).toEqual([10, 10, 10]);
    expect(await collector.collect(0)).toBe(0);
  });

  it('is tried again after an error', async () => {
    let isBroken = true;
    const source = pages(5, () => {
      if (isBroken) throw new Error('no store');
    });
    const collector = new Collector(source, 10);
    await expect(collector.collect(0)).rejects.toThrow('no store');
    isBroken = false;
    expect(await collector.collect(0)).toBe(5);
  });
});
