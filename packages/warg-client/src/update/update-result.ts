import type { ClientContext } from '../context.ts';
import { groundOf } from '../package-info.ts';
import type { UpdateResult, Verified } from '../results.ts';
import type { Updated } from './update.ts';

/** The ground of what an update just brought. */
export function updatedGround(context: ClientContext, { state, firstUse, warnings }: Updated): Verified {
  return groundOf(context.address.name, state, state.checkpoint, { firstUse, warnings, refreshed: true });
}

export function updateResult(context: ClientContext, updated: Updated): UpdateResult {
  const { packages, absent, newOperatorRecords, previous } = updated;
  return {
    ...updatedGround(context, updated),
    packages: packages.map(({ name, logId, newRecords, records }) => ({ name, logId, newRecords, records })),
    absent,
    newOperatorRecords,
    previous,
  };
}
