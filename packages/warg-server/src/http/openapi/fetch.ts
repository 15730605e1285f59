import { json, named, type Operation } from './operation.ts';

const errors = json(named('FetchError'));

export const fetchCheckpoint: Operation = {
  id: 'fetchCheckpoint',
  summary: 'The newest signed checkpoint',
  headers: { 'If-None-Match': 'The ETag of the checkpoint that the asker has.' },
  answers: {
    200: { description: 'The checkpoint.', content: json(named('SignedCheckpoint')) },
    304: { description: 'The asker has the newest one.' },
  },
};

export const fetchLogs: Operation = {
  id: 'fetchLogs',
  summary: 'Records of the operator log and of package logs, at a checkpoint',
  body: json(named('FetchLogsRequest')),
  answers: {
    200: {
      description: 'The records from each fetch token on, up to the limit.',
      content: json(named('FetchLogsResponse')),
    },
    404: { description: 'There is no such checkpoint, log or fetch token.', content: errors },
  },
};

export const fetchNames: Operation = {
  id: 'fetchNames',
  summary: 'The names of packages by their log ids',
  body: json(named('FetchPackageNamesRequest')),
  answers: {
    200: { description: 'The names.', content: json(named('FetchPackageNamesResponse')) },
    404: { description: 'There is no such log.', content: errors },
  },
};

export const provedLog: Operation = {
  id: 'provedLog',
  summary: 'A log at a checkpoint with its proofs, in an answer that never changes',
  description:
    'Everything that is needed to verify a package: records of the operator log and of the package, the signed ' +
    'checkpoint, and the proofs that the heads of both logs stand in it. Where there is more than one answer holds, ' +
    '`more` is true, and the rest comes behind the last records that it has; the last answer has the proofs.',
  path: {
    provedLog: {
      type: 'string',
      pattern: '^sha256:[0-9a-f]{64}@(0|[1-9][0-9]{0,18})$',
      description:
        '`{logId}@{logLength}`: a log, the operator log among them, and the length of a checkpoint.',
    },
  },
  query: {
    after: 'The fetch token of the last record of the log that the asker has.',
    operator: 'The fetch token of the last operator record that the asker has.',
  },
  headers: { 'If-None-Match': 'The ETag of the answer that the asker has.' },
  answers: {
    200: { description: 'The log.', content: json(named('ProvedLogResponse')) },
    304: { description: 'The asker has it.' },
    404: { description: 'There is no such checkpoint, log or fetch token.', content: errors },
  },
};
