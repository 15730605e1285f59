import { contentTypes } from '@warg/protocol/api';
import { bytes, json, named, type Operation, u64Pattern } from './operation.ts';

const errors = json(named('LedgerError'));
const index = {
  type: 'string',
  pattern: '^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$',
  description: 'As in c2sp.org/tlog-tiles; its slashes stand in the path as they are.',
};

export const ledger: Operation = {
  id: 'ledger',
  summary: "Where the ids of every record are, in the log's order",
  answers: { 200: { description: 'The parts.', content: json(named('LedgerSourcesResponse')) } },
};

export const ledgerRecords: Operation = {
  id: 'ledgerRecords',
  summary: 'A part of the ledger: 64 bytes for each record, its log id and its record id',
  path: { start: { type: 'string', pattern: `^${u64Pattern}$` } },
  answers: {
    200: {
      description: 'The ids; none behind the end of the log.',
      content: bytes(contentTypes.ledgerPacked),
    },
  },
};

export const logCheckpoint: Operation = {
  id: 'logCheckpoint',
  summary: 'The newest checkpoint as a C2SP signed note',
  answers: {
    200: { description: 'The note.', content: { 'text/plain': { type: 'string' } } },
    404: { description: 'This registry signs no notes.', content: errors },
  },
};

const tileAnswers: Operation['answers'] = {
  200: { description: 'The tile.', content: bytes(contentTypes.bytes) },
  404: { description: 'There is no such tile at the newest checkpoint.', content: errors },
};

export const logEntries: Operation = {
  id: 'logEntries',
  summary: 'An entry bundle of the log (C2SP tlog-tiles)',
  path: { index },
  answers: tileAnswers,
};

export const logTile: Operation = {
  id: 'logTile',
  summary: 'A Merkle tree tile of the log (C2SP tlog-tiles)',
  path: { level: { type: 'string', pattern: '^(0|[1-9][0-9]?)$' }, index },
  answers: tileAnswers,
};
