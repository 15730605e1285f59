// docs/growth.json: the raw figures of stores that grow.

import type { Machine } from '../machine/machine.ts';
import { readRaw, writeRaw } from '../report/docs.ts';
import type { Size } from './measure.ts';
import type { StoreKind } from './stores.ts';

/** What one run measured on one kind of store, the smallest size first. */
export interface Curve {
  readonly store: StoreKind;
  readonly at: string;
  /** What measures it again. */
  readonly command: string;
  readonly machine: Machine;
  readonly sizes: readonly Size[];
}

const FILE = 'growth.json';

/** What was measured last, in the order of the stores; empty when there is nothing yet. */
export function readCurves(): readonly Curve[] {
  return readRaw<{ curves: Curve[] }>(FILE)?.curves ?? [];
}

/** Writes all of them. */
export function writeCurves(curves: readonly Curve[]): void {
  writeRaw(FILE, { curves });
}

/** One curve takes the place of that of the same store as a whole: figures of two runs do not make one slope. */
export function withCurve(curves: readonly Curve[], curve: Curve): readonly Curve[] {
  const others = curves.filter(({ store }) => store !== curve.store);
  return [...others, curve].toSorted((a, b) => order.indexOf(a.store) - order.indexOf(b.store));
}

const order: readonly StoreKind[] = ['SQLite', 'PostgreSQL'];
