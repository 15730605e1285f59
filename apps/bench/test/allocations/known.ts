// What is known to be allocated, to see that it is counted.

import { type Allocated, allocatedBy } from './allocated.ts';

const TIMES = 1000;

/** So that it is really made. */
let _last: unknown;

export async function countKnown(): Promise<Record<string, Allocated>> {
  const make = (one: () => unknown) => () => {
    for (let i = 0; i < TIMES; i++) _last = one();
  };
  const known: Record<string, () => unknown> = {
    nothing: () => undefined,
    array: () => new Array(100),
    bytes: () => new Uint8Array(1000),
    buffer: () => Buffer.from('hundred'),
  };
  const counted: Record<string, Allocated> = {};
  for (const [name, one] of Object.entries(known)) {
    const work = make(one);
    work();
    counted[name] = await allocatedBy(TIMES, work);
  }
  return counted;
}
