// docs/growth.json: the raw figures of stores that grow.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../machine/machine.ts';
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

const file = fileURLToPath(new URL('../../../../docs/growth.json', import.meta.url));

/** What was measured last, in the order of the stores; empty when there is nothing yet. */
export function readCurves(): readonly Curve[] {
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, 'utf8')) as { curves: Curve[] }).curves;
}

/** Writes all of them. */
export function writeCurves(curves: readonly Curve[]): void {
  writeFileSync(file, `${JSON.stringify({ curves }, undefined, 1)}\n`);
}

/** One curve takes the place of that of the same store as a whole: figures of two runs do not make one slope. */
export function withCurve(curves: readonly Curve[], curve: Curve): readonly Curve[] {
  const others = curves.filter(({ store }) => store !== curve.store);
  return [...others, curve].toSorted((a, b) => order.indexOf(a.store) - order.indexOf(b.store));
}

const order: readonly StoreKind[] = ['SQLite', 'PostgreSQL'];
