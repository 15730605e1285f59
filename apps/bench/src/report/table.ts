import { type Row, timesBetter } from '../lines/line.ts';

const HEAD = ['', 'ours', 'reference', 'ratio', 'goal', ''];

/** The cells of a table of figures. */
export function tableOf(rows: readonly Row[]): string[][] {
  return [HEAD, ...rows.map(cellsOf)];
}

/** As text, in columns. */
export function textTable(rows: readonly Row[]): string {
  const cells = tableOf(rows);
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
    .map((line) => line.trimEnd())
    .join('\n');
}

/** As Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  const [head, ...body] = tableOf(rows).map((row) => `| ${row.join(' | ')} |`);
  return [head, '|---|--:|--:|--:|---|---|', ...body].join('\n');
}

function cellsOf(row: Row): string[] {
  const times = timesBetter(row);
  const { goal } = row;
  return [
    row.what,
    `${formatFigure(row.ours)} ${row.unit}`,
    row.reference === undefined ? '–' : `${formatFigure(row.reference)} ${row.unit}`,
    times === undefined ? '–' : `${formatFigure(times)}×`,
    goal === undefined ? '' : `≥ ${goal.times}×${goal.named === undefined ? '' : ` (${goal.named})`}`,
    goal === undefined || times === undefined ? '' : times >= goal.times ? 'met' : 'missed',
  ];
}

/** With three digits that count, and with all before the point: 12,345 and 0.0123. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
