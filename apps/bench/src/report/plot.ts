// Line charts as SVG, for the documents: two axes, a few series, nothing else. They are read on white and on black pages.

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Whether equal distances are equal factors, along x. */
  readonly logarithmic?: boolean;
  readonly series: readonly Series[];
}

const WIDTH = 420;
const HEIGHT = 260;
const EDGE = { left: 58, right: 14, top: 30, bottom: 62 };
const COLORS = ['#2563eb', '#dc2626', '#059669', '#9333ea'];

/** Charts beneath each other, two in a row. */
export function svgOf(plots: readonly Plot[]): string {
  const rows = Math.ceil(plots.length / 2);
  const size = `width="${2 * WIDTH}" height="${rows * HEIGHT}" viewBox="0 0 ${2 * WIDTH} ${rows * HEIGHT}"`;
  const charts = plots.map((plot, i) => {
    return `<g transform="translate(${(i % 2) * WIDTH} ${Math.floor(i / 2) * HEIGHT})">\n${chart(plot)}\n</g>`;
  });
  const style =
    '<style>text{font:11px system-ui,sans-serif;fill:#6b7280}.title{font-size:13px}.grid{stroke:#9ca3af;stroke-opacity:.35}</style>';
  const title = `<title>${plots.map((plot) => escaped(plot.title)).join('; ')}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n${title}\n${style}\n${charts.join('\n')}\n</svg>\n`;
}

function chart({ title, x, y, logarithmic = false, series }: Plot): string {
  const points = series.flatMap((each) => each.points);
  const scaleX = logarithmic ? Math.log10 : (value: number) => value;
  const xs = points.map(([value]) => scaleX(value));
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const step = niceStep(Math.max(...points.map(([, value]) => value)) || 1);
  const maxY = step * Math.max(1, Math.ceil(Math.max(...points.map(([, value]) => value)) / step));
  const [width, height] = [WIDTH - EDGE.left - EDGE.right, HEIGHT - EDGE.top - EDGE.bottom];
  const atX = (value: number) => round(EDGE.left + ((scaleX(value) - minX) / (maxX - minX || 1)) * width);
  const atY = (value: number) => round(EDGE.top + height - (value / maxY) * height);
  const parts = [`<text class="title" x="${EDGE.left}" y="18">${escaped(title)}</text>`];
  for (let value = 0; value <= maxY * 1.0001; value += step) {
    parts.push(`<path class="grid" d="M${EDGE.left} ${atY(value)}h${width}"/>`);
    parts.push(`<text x="${EDGE.left - 6}" y="${atY(value) + 4}" text-anchor="end">${short(value)}</text>`);
  }
  for (const value of ticksX(
    points.map(([each]) => each),
    logarithmic,
  )) {
    parts.push(
      `<text x="${atX(value)}" y="${EDGE.top + height + 16}" text-anchor="middle">${short(value)}</text>`,
    );
  }
  const axis = `${x}; ${y}`;
  parts.push(
    `<text x="${EDGE.left + width}" y="${EDGE.top + height + 32}" text-anchor="end">${escaped(axis)}</text>`,
  );
  for (const [i, { name, points: line }] of series.entries()) {
    const color = COLORS[i % COLORS.length]!;
    const path = line.map(([a, b]) => `${atX(a)} ${atY(b)}`).join('L');
    parts.push(`<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"/>`);
    if (line.length < 20) {
      for (const [a, b] of line) parts.push(`<circle cx="${atX(a)}" cy="${atY(b)}" r="3" fill="${color}"/>`);
    }
    const [legendX, legendY] = [EDGE.left + (i % 2) * 180, EDGE.top + height + 48 + 13 * Math.floor(i / 2)];
    parts.push(`<path d="M${legendX} ${legendY - 4}h16" stroke="${color}" stroke-width="2"/>`);
    parts.push(`<text x="${legendX + 20}" y="${legendY}">${escaped(name)}</text>`);
  }
  return parts.join('\n');
}

/** The decades where distances are factors, five values otherwise. */
function ticksX(values: readonly number[], logarithmic: boolean): number[] {
  if (logarithmic) return [...new Set(values)].filter((value) => Number.isInteger(Math.log10(value)));
  const step = niceStep(Math.max(...values));
  return Array.from({ length: 6 }, (_, i) => i * step).filter(
    (value) => value <= Math.max(...values) && value >= Math.min(...values),
  );
}

/** 1, 2 or 5 times a power of ten, so that some four of them reach `most`. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step * 5 >= most) ?? 10 * power;
}

function short(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)} M`;
  if (value >= 1e4) return `${round(value / 1e3)} k`;
  return Number(value.toPrecision(3)).toLocaleString('en');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
