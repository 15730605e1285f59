import type { ClientContext } from '../context.ts';
import type { OperatorPin } from '../results.ts';
import type { RegistryState } from '../state/registry-state.ts';
import type { Operator, Pin } from '../verify/operator.ts';

/** What must hold of the operator: all that is stored, and what the user says now unless it held before. */
export function pinsOf(
  { userPin }: ClientContext,
  state: RegistryState | undefined,
  stored: OperatorPin | undefined,
  wellKnown: Pin | undefined,
): readonly Pin[] {
  const pins: Pin[] = [];
  if (stored !== undefined) pins.push({ type: 'record', recordId: stored.recordId });
  if (userPin !== undefined && state?.confirmedPins.includes(userPin.text) !== true) pins.push(userPin.pin);
  // A document that everybody can change counts only where there is nothing better.
  if (pins.length === 0 && stored === undefined && userPin === undefined && wellKnown !== undefined)
    pins.push(wellKnown);
  return pins;
}

/** Whom the client trusts from now on. It is never another than before; only the reason may become better. */
export function pinAfter(
  { userPin }: ClientContext,
  stored: OperatorPin | undefined,
  wellKnown: boolean,
  { recordId, key, keyId }: Operator,
): OperatorPin {
  const origin =
    userPin !== undefined ? 'user' : (stored?.origin ?? (wellKnown ? 'well-known' : 'first-use'));
  return { recordId, key, keyId, origin };
}
