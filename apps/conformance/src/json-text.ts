import { WargError } from '@warg/crypto';

/** Reads a JSON text that must be a string, as the readers of single values in the vectors want it. */
export function readJsonText(input: string): string {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch (cause) {
    throw new WargError('INVALID_JSON', 'expected a JSON text', { cause });
  }
  if (typeof value !== 'string')
    throw new WargError('INVALID_JSON', `expected a JSON string, found ${input}`);
  return value;
}
