import picocolors from 'picocolors';
import type { Environment, OutputStream } from '../environment.ts';

/** How words are set apart: colours on a terminal, nothing elsewhere. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/**
 * Whether colours may be used on a stream: it is a terminal that knows them, and `NO_COLOR` is not set (no-color.org).
 */
export function hasColors(stream: OutputStream, variables: Environment['variables']): boolean {
  return stream.isTTY === true && !variables['NO_COLOR'] && variables['TERM'] !== 'dumb';
}

/** The style for a stream. */
export function styleFor(stream: OutputStream, variables: Environment['variables']): Style {
  return picocolors.createColors(hasColors(stream, variables));
}
