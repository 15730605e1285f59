import { OPERATOR_LOG_ID, type SignedCheckpoint } from '@warg/protocol';
import type { Limits } from '../limits.ts';
import type { ApiCall, RegistryApi } from '../registry/registry-api.ts';
import { isSameState } from '../verify/checkpoint.ts';
import { headsToProve, type RegistryAnswers } from '../verify/registry.ts';
import { chunks, type FetchedLogs, fetchLogs, type KnownOperator, type WantedLog } from './fetch-logs.ts';

/** Everything that was asked about one checkpoint, and what came back. Untrusted. */
export interface Collected {
  readonly answers: RegistryAnswers;
  readonly unknown: FetchedLogs['unknown'];
  readonly warnings: readonly string[];
}

// The protocol's own cap for one question.
const idsPerAbsenceRequest = 1000;

/** Asks a registry for everything that `verifyRegistryAsync` needs to believe one checkpoint. */
export async function collectAnswers(
  api: RegistryApi,
  question: {
    readonly checkpoint: SignedCheckpoint;
    readonly previous: SignedCheckpoint | undefined;
    readonly operator: KnownOperator | undefined;
    readonly wanted: readonly WantedLog[];
  },
  limits: Limits,
  call: ApiCall,
  onRecords: (received: number) => void,
): Promise<Collected> {
  const { checkpoint, previous } = question;
  const { logLength } = checkpoint.contents;
  const logs = await fetchLogs(api, question, limits, call, onRecords);
  const operator = { logId: OPERATOR_LOG_ID, known: question.operator?.log, received: logs.operator };
  const packages: RegistryAnswers['packages'][number][] = [];
  const unchanged: RegistryAnswers['unchanged'][number][] = [];
  for (const { logId, known } of question.wanted) {
    const received = logs.packages.get(logId);
    if (received === undefined) continue;
    if (known !== undefined && received.length === 0) unchanged.push(known);
    else packages.push({ logId, known: await known?.load(), received });
  }

  const heads = headsToProve({ checkpoint, operator, packages, unchanged }, previous);
  const inclusion: RegistryAnswers['inclusion'][number][] = [];
  if (heads.every(({ logId }) => logs.inclusion.has(logId))) {
    for (const { logId } of heads) inclusion.push({ heads: 1, answer: logs.inclusion.get(logId)! });
  } else {
    for (const batch of chunks(heads, limits.leavesPerRequest)) {
      const leafs = batch.map(({ registryIndex }) => registryIndex);
      inclusion.push({ heads: batch.length, answer: await api.inclusion({ logLength, leafs }, call) });
    }
  }

  const consistency =
    previous === undefined || isSameState(previous, checkpoint)
      ? undefined
      : await api.consistency({ from: previous.contents.logLength, to: logLength }, call);

  const absence: RegistryAnswers['absence'][number][] = [];
  for (const batch of chunks(logs.unknown, idsPerAbsenceRequest)) {
    const logIds = batch.map(({ wanted }) => wanted.logId);
    const bundle = await api.absence({ logLength, logIds }, call);
    // A registry that has no such proofs leaves these names unproved, and the results say so.
    if (bundle === undefined) break;
    absence.push({ logIds, bundle });
  }

  return {
    answers: {
      checkpoint,
      repeated: logs.repeated,
      operator,
      packages,
      unchanged,
      inclusion,
      consistency,
      absence,
    },
    unknown: logs.unknown,
    warnings: logs.warnings,
  };
}
