import picocolors from 'picocolors';
import type { Output } from '../../src/output/output.ts';
import type { Style } from '../../src/output/style.ts';

/** No style at all. */
export const plainStyle: Style = picocolors.createColors(false);

/** An output that says nothing. */
export const silentOutput: Output = {
  options: {},
  style: plainStyle,
  result: () => {},
  note: () => {},
  warn: () => {},
  detail: () => {},
  status: () => {},
};
