import type { Machine } from '../machine/machine.ts';
import { MEASURED_PACKAGES, measureAt, type Size } from './measure.ts';
import { growthTable, reportGrowth } from './report.ts';
import { type Curve, readCurves, withCurve, writeCurves } from './results.ts';
import { openGrowingStore, type StoreKind } from './stores.ts';

export interface GrowthOptions {
  readonly sizes: readonly number[];
  readonly stores: readonly StoreKind[];
  readonly connections: number;
  readonly work: string;
  readonly machine: Machine;
  /** Whether the documents are written, behind each size: somebody who ends it keeps what is there. */
  readonly write: boolean;
  readonly command: string;
}

/** Measures stores that grow, the smallest size first. @throws Error when two sizes lie too close together */
export async function measureGrowth(options: GrowthOptions): Promise<void> {
  const { stores, work, connections, machine, write, command } = options;
  const sizes = options.sizes.toSorted((a, b) => a - b);
  // What is published while one size is measured stays in the store.
  const tooClose = sizes.find((size, i) => i > 0 && size - sizes[i - 1]! <= MEASURED_PACKAGES);
  if (tooClose !== undefined) {
    throw new Error(
      `expected sizes that are more than ${MEASURED_PACKAGES} apart, found ${sizes.join(', ')}`,
    );
  }
  const measured: Pick<Curve, 'store' | 'sizes'>[] = [];
  for (const kind of stores) {
    const store = await openGrowingStore(kind, work);
    const known: Size[] = [];
    measured.push({ store: kind, sizes: known });
    try {
      for (const packages of sizes) {
        const started = performance.now();
        const before = known.at(-1);
        const from = before === undefined ? 0 : before.packages + MEASURED_PACKAGES;
        known.push(await measureAt(store, from, packages, connections));
        const seconds = ((performance.now() - started) / 1000).toFixed(0);
        console.log(`${kind}, ${packages.toLocaleString('en')} packages: ${seconds} s`);
        if (write) report({ store: kind, at: new Date().toISOString(), command, machine, sizes: known });
      }
    } finally {
      await store.end();
    }
  }
  console.log(`\n${growthTable(measured)}`);
}

function report(curve: Curve): void {
  const curves = withCurve(readCurves(), curve);
  writeCurves(curves);
  reportGrowth(curves);
}
