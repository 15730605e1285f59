import { contentTypes } from '@warg/protocol/api';
import { bytes, hash, json, named, type Operation } from './operation.ts';

const errors = json(named('PackageError'));
const record = { logId: hash, recordId: hash };
const upload = { ...record, digest: hash };

export const publishRecord: Operation = {
  id: 'publishRecord',
  summary: 'Publish a record of a package',
  path: { logId: hash },
  body: json(named('PublishRecordRequest')),
  answers: {
    202: { description: 'The record was taken.', content: json(named('PackageRecordResponse')) },
    404: { description: 'The namespace is not one of this registry.', content: errors },
    409: { description: 'The namespace is imported, or the name or record conflicts.', content: errors },
    451: { description: 'The content that the record names is withdrawn.', content: errors },
    507: { description: 'There is no room for the record.', content: errors },
  },
};

export const recordState: Operation = {
  id: 'recordState',
  summary: 'The state of a record',
  path: record,
  answers: {
    200: { description: 'The state.', content: json(named('PackageRecordResponse')) },
    404: { description: 'There is no such log or record.', content: errors },
  },
};

const uploadAnswers: Operation['answers'] = {
  201: { description: 'The content is stored.' },
  404: { description: 'There is no such log or record, or it does not wait for this.', content: errors },
  405: { description: 'The record waits for no content.', content: errors },
  409: { description: 'The upload is being taken over already.', content: errors },
  413: { description: 'The content is too large.', content: errors },
  422: { description: 'A policy refuses the content, and so the record.', content: errors },
  451: { description: 'The content is withdrawn.', content: errors },
  507: { description: 'There is no room for the content.', content: errors },
};

export const uploadContent: Operation = {
  id: 'uploadContent',
  summary: 'Upload a content that a record names',
  description: 'The URL is to be taken from the state of the record.',
  path: upload,
  body: bytes(contentTypes.bytes),
  answers: { ...uploadAnswers, 408: { description: 'The body came too slowly.', content: errors } },
};

export const completeContent: Operation = {
  id: 'completeContent',
  summary: 'Say that a content was put into the content store',
  path: upload,
  answers: uploadAnswers,
};
