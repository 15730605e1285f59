import { describe, expect, it } from 'vitest';
import { SharedLook } from './shared-look.ts';

/** A look that ends when it is told to. */
function looks() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  let now = 0;
  const shared = new SharedLook(
    () => new Promise<number>((resolve, reject) => ends.push({ resolve, reject })),
    () => now,
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { shared, ends, turn, pass: (ms: number) => (now += ms) };
}

describe('SharedLook', () => {
  it('shares the next look among all who come during one, and none with who came before it', async () => {
    const { shared, ends, turn } = looks();
    const first = shared.look();
    const [second, third] = [shared.look(), shared.look()];
    expect(ends).toHaveLength(1);
    ends[0]!.resolve(1);
    expect(await first).toBe(1);
    await turn();
    expect(ends).toHaveLength(2);
    const fourth = shared.look();
    ends[1]!.resolve(2);
    expect([await second, await third]).toEqual([2, 2]);
    await turn();
    expect(ends).toHaveLength(3);
    ends[2]!.resolve(3);
    expect(await fourth).toBe(3);
    await turn();
    const fifth = shared.look();
    expect(ends).toHaveLength(4);
    ends[3]!.resolve(4);
    expect(await fifth).toBe(4);
  });

  it('goes on behind a look that failed', async () => {
    const { shared, ends, turn } = looks();
    const first = shared.look();
    const second = shared.look();
    ends[0]!.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    ends[1]!.resolve(2);
    expect(await second).toBe(2);
  });

  it('does not let who comes wait for a look that hangs', async () => {
    const { shared, ends, turn, pass } = looks();
    const hanging = shared.look();
    const waiting = shared.look();
    pass(1000);
    const late = shared.look();
    expect(ends).toHaveLength(2);
    const behind = shared.look();
    ends[1]!.resolve(2);
    expect(await late).toBe(2);
    await turn();
    ends[2]!.resolve(3);
    expect(await behind).toBe(3);
    await turn();
    ends[0]!.resolve(1);
    expect(await hanging).toBe(1);
    await turn();
    ends[3]!.resolve(4);
    expect(await waiting).toBe(4);
  });
});
