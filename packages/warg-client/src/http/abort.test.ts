import { describe, expect, it } from 'vitest';
import { sleep, unlessAborted } from './abort.ts';

/** What nobody handled while `work` ran and shortly after. */
async function unhandled(work: () => Promise<void>): Promise<unknown[]> {
  const found: unknown[] = [];
  const keep = (reason: unknown): void => {
    found.push(reason);
  };
  process.on('unhandledRejection', keep);
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 0));
  } finally {
    process.off('unhandledRejection', keep);
  }
  return found;
}

describe('unlessAborted', () => {
  it('gives what the promise gives', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
    expect(await unlessAborted(Promise.resolve(2), undefined)).toBe(2);
    await expect(unlessAborted(Promise.reject(new Error('own')), signal)).rejects.toThrow('own');
  });

  it('rejects with the reason when the signal is aborted first', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(new Promise(() => {}), controller.signal);
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });

  it('leaves no rejection unhandled, whenever the signal is aborted', async () => {
    const before = AbortSignal.abort(new Error('stop'));
    expect(
      await unhandled(async () => {
        await expect(unlessAborted(Promise.reject(new Error('lost')), before)).rejects.toThrow('stop');
      }),
    ).toEqual([]);
    const controller = new AbortController();
    expect(
      await unhandled(async () => {
        const waiting = unlessAborted(
          sleep(0, undefined).then(() => Promise.reject(new Error('lost'))),
          controller.signal,
        );
        controller.abort(new Error('stop'));
        await expect(waiting).rejects.toThrow('stop');
      }),
    ).toEqual([]);
  });
});

describe('sleep', () => {
  it('ends with the signal', async () => {
    const controller = new AbortController();
    const sleeping = sleep(1_000_000, controller.signal);
    controller.abort(new Error('stop'));
    await expect(sleeping).rejects.toThrow('stop');
  });
});
