import { json, named, type Operation } from './operation.ts';

const errors = json(named('ProofError'));
const missing = { description: 'There is no such checkpoint or leaf.', content: errors };
const unproved = { description: 'The body has the wrong shape, or this cannot be proved.', content: errors };

export const proveInclusion: Operation = {
  id: 'proveInclusion',
  summary: 'Prove that the log and the map of a checkpoint contain records',
  body: json(named('InclusionRequest')),
  answers: {
    200: { description: 'The proofs.', content: json(named('InclusionResponse')) },
    404: missing,
    422: unproved,
  },
};

export const proveConsistency: Operation = {
  id: 'proveConsistency',
  summary: 'Prove that a checkpoint continues another one',
  body: json(named('ConsistencyRequest')),
  answers: {
    200: { description: 'The proof.', content: json(named('ConsistencyResponse')) },
    404: missing,
    422: unproved,
  },
};

export const proveAbsence: Operation = {
  id: 'proveAbsence',
  summary: 'Prove that the map of a checkpoint does not contain packages',
  body: json(named('AbsenceRequest')),
  answers: {
    200: { description: 'The proof.', content: json(named('AbsenceResponse')) },
    404: missing,
    422: unproved,
  },
};

export const verifyCheckpoint: Operation = {
  id: 'verifyCheckpoint',
  summary: 'Ask whether a checkpoint is one of this registry',
  body: json(named('SignedCheckpoint')),
  answers: {
    200: { description: 'The verdict.', content: json(named('CheckpointVerificationResponse')) },
  },
};
