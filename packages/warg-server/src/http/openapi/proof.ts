import { json, named, type Operation } from './operation.ts';

const errors = json(named('ProofError'));
const missing = { description: 'There is no such checkpoint or leaf.', content: errors };
const unproved = { description: 'The body has the wrong shape, or this cannot be proved.', content: errors };

/** A proof at a checkpoint. @param kind how its request and its answer are called */
function proof(
  kind: 'Inclusion' | 'Consistency' | 'Absence',
  summary: string,
  description: string,
): Operation {
  return {
    id: `prove${kind}`,
    summary,
    body: json(named(`${kind}Request`)),
    answers: {
      200: { description, content: json(named(`${kind}Response`)) },
      404: missing,
      422: unproved,
    },
  };
}

export const proveInclusion = proof(
  'Inclusion',
  'Prove that the log and the map of a checkpoint contain records',
  'The proofs.',
);

export const proveConsistency = proof(
  'Consistency',
  'Prove that a checkpoint continues another one',
  'The proof.',
);

export const proveAbsence = proof(
  'Absence',
  'Prove that the map of a checkpoint does not contain packages',
  'The proof.',
);

export const verifyCheckpoint: Operation = {
  id: 'verifyCheckpoint',
  summary: 'Ask whether a checkpoint is one of this registry',
  body: json(named('SignedCheckpoint')),
  answers: {
    200: { description: 'The verdict.', content: json(named('CheckpointVerificationResponse')) },
  },
};
