import type { OperatorPin } from '@warg/client';
import type { Output } from '../output/output.ts';

/** Says out loud that an operator was trusted for the first time: from then on nobody else is, under this name. */
export function announceFirstUse(output: Output, registry: string, operator: OperatorPin): void {
  const from =
    operator.origin === 'well-known'
      ? 'whom the registry’s well-known document names'
      : 'who is seen for the first time';
  output.warn(
    `trusting the operator of ${registry}, ${from}: ${operator.key} (first record ${operator.recordId}). ` +
      'From now on nobody else is trusted under this name. If somebody told you the key, compare it; ' +
      '--operator-key demands one from the beginning.',
  );
}

/** Passes on what the registry or the client warns of. */
export function announceWarnings(
  output: Output,
  { warnings }: { readonly warnings: readonly string[] },
): void {
  for (const warning of warnings) output.warn(warning);
}
