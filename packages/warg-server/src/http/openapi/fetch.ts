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
