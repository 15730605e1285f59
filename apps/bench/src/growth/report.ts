// What becomes of a registry that grows: docs/growth.svg, and its part of docs/benchmarks.md.

import { writeFileSync } from 'node:fs';
import { slopeOf } from '../lines/memory.ts';
import { docsFile } from '../report/docs.ts';
import { machineText, writeBetween } from '../report/document.ts';
import { type Plot, svgOf } from '../report/plot.ts';
import { formatFigure } from '../report/table.ts';
import type { Size } from './measure.ts';
import type { Curve } from './results.ts';

interface Figure {
  readonly title: string;
  readonly unit: string;
  /** Undefined where it was not measured yet. */
  readonly of: (size: Size) => number | undefined;
}

const figures: readonly Figure[] = [
  { title: 'Publish rate', unit: 'records a second', of: (size) => size.publishedPerSecond },
  { title: 'CPU of a published record', unit: 'µs', of: (size) => size.publishCpuMicros },
  { title: 'Proof of inclusion of 1, p50', unit: 'ms', of: (size) => size.proveOne.p50 },
  { title: 'Proof of inclusion of 50, p50', unit: 'ms', of: (size) => size.proveFifty.p50 },
  {
    title: 'CPU of a log with its proofs, asked for the first time',
    unit: 'µs',
    of: (size) => size.firstReads?.cpuMicros,
  },
  { title: 'Memory of the server behind that', unit: 'MiB', of: (size) => size.rssMebibytes },
  { title: 'Start, until the first checkpoint', unit: 'ms', of: (size) => size.restartMillis },
  { title: 'Database', unit: 'MiB', of: (size) => size.bytes / 2 ** 20 },
];

/** Writes what is known so far. */
export function reportGrowth(curves: readonly Curve[]): void {
  const known = figures.filter(({ of }) =>
    curves.every(({ sizes }) => sizes.every((size) => of(size) !== undefined)),
  );
  writeFileSync(docsFile('growth.svg'), svgOf(known.map((figure) => plotOf(figure, curves))));
  // All were measured on one kind of machine, or it would have to be said with each.
  const parts = [
    machineText(curves.at(-1)!.machine),
    '',
    growthTable(curves),
    '',
    '![growth](growth.svg)',
    '',
    ...curves.map(
      ({ store, command, at, machine }) =>
        `${store}: \`${command}\`, ${at.slice(0, 10)}, commit ${machine.commit}${machine.changed ? ' with changes' : ''}  `,
    ),
  ];
  writeBetween('benchmarks.md', 'growth', parts.join('\n').trimEnd());
}

/** A table for each store: a column for each size, and how much each figure changes with ten times as many packages. */
export function growthTable(curves: readonly Pick<Curve, 'store' | 'sizes'>[]): string {
  return curves
    .map(({ store, sizes }) => {
      const head = [
        store,
        ...sizes.map(({ packages }) => packages.toLocaleString('en')),
        'ten times as many packages',
      ];
      const known = figures.filter(({ of }) => sizes.every((size) => of(size) !== undefined));
      const rows = known.map((figure) => [
        `${figure.title}, ${figure.unit}`,
        ...sizes.map((size) => formatFigure(figure.of(size)!)),
        changeOf(figure, sizes),
      ]);
      const lines = [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows];
      return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    })
    .join('\n\n');
}

/** The slope over the logarithm of the size, as a part of the first figure; what is in proportion is said as such. */
function changeOf({ of, title }: Figure, sizes: readonly Size[]): string {
  if (sizes.length < 2) return '';
  if (title === 'Database') {
    const bytes = slopeOf(sizes.map((size) => [size.packages, size.bytes]));
    return `${formatFigure(bytes)} bytes a package`;
  }
  const slope = slopeOf(sizes.map((size) => [Math.log10(size.packages), of(size)!]));
  const part = (100 * slope) / of(sizes[0]!)!;
  return `${part < 0 ? '−' : '+'}${formatFigure(Math.abs(part))} %`;
}

function plotOf({ title, unit, of }: Figure, curves: readonly Curve[]): Plot {
  return {
    title,
    x: 'packages',
    y: unit,
    logarithmic: true,
    series: curves.map(({ store, sizes }) => ({
      name: store,
      points: sizes.map((size) => [size.packages, of(size)!] as const),
    })),
  };
}
