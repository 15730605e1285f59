import { json, named, type Operation, u64Pattern } from './operation.ts';

const errors = json(named('FetchError'));

const checkpointHeaders = {
  ETag: 'Names the checkpoint with its signature.',
  'Warg-Features': 'Words between commas: `proved` where there is `v1/proved/…`.',
};
const provedHeaders = {
  ETag: 'Names what is proved.',
  'Cache-Control': 'That it never changes; or, to who brings a token, that it is not to be kept.',
};

export const fetchCheckpoint: Operation = {
  id: 'fetchCheckpoint',
  summary: 'The newest signed checkpoint',
  headers: { 'If-None-Match': 'The ETag of the checkpoint that the asker has.' },
  answers: {
    200: {
      description: 'The checkpoint.',
      headers: checkpointHeaders,
      content: json(named('SignedCheckpoint')),
    },
    304: { description: 'The asker has the newest one.', headers: checkpointHeaders },
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
      pattern: `^sha256:[0-9a-f]{64}@${u64Pattern}$`,
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
    200: { description: 'The log.', headers: provedHeaders, content: json(named('ProvedLogResponse')) },
    304: { description: 'The asker has it.', headers: provedHeaders },
    404: { description: 'There is no such checkpoint, log or fetch token.', content: errors },
  },
};
