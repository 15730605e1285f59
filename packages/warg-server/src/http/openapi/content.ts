import { contentTypes } from '@warg/protocol/api';
import { bytes, hash, json, named, type Operation } from './operation.ts';

const errors = json(named('ContentError'));
const withdrawn = { description: 'The content is withdrawn.', content: errors };

const etag = { ETag: 'Names the content.' };

export const contentSources: Operation = {
  id: 'contentSources',
  summary: 'Where a content can be downloaded',
  path: { digest: hash },
  answers: {
    200: { description: 'The places.', content: json(named('ContentSourcesResponse')) },
    404: { description: 'There is no such content.', content: errors },
    451: withdrawn,
  },
};

export const downloadContent: Operation = {
  id: 'downloadContent',
  summary: 'Download a content',
  path: { file: { type: 'string', pattern: '^sha256-[0-9a-f]{64}$' } },
  headers: {
    Range: 'The part of the content that is wanted, in bytes.',
    'If-Range': 'The ETag of the content of which a part is wanted.',
    'If-None-Match': 'The ETag of the content that the asker has.',
  },
  answers: {
    200: { description: 'The content.', headers: etag, content: bytes(contentTypes.bytes) },
    206: {
      description: 'A part of the content.',
      headers: { ...etag, 'Content-Range': 'Which part, of how many bytes.' },
      content: bytes(contentTypes.bytes),
    },
    304: { description: 'The asker has it.', headers: etag },
    307: { description: 'The content store has it.', headers: { Location: 'Where, and for a while.' } },
    404: { description: 'There is no such content.', content: errors },
    416: { description: 'The content has no bytes in that range.', content: errors },
    451: withdrawn,
  },
};
