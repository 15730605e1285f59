// Records, content, the ledger and paths that lead nowhere: everything that is asked with GET.

import { digestOf } from '@warg/crypto';
import { alpha, beta, contents, fullLength, headOf, operatorLog, recordsOf, unknownLog } from '../world.ts';
import { type Case, get } from './case.ts';
import { badIds } from './fetching.ts';

const noHash = `sha256:${'0'.repeat(64)}`;
const record = (logId: string, recordId: string) => `/v1/package/${logId}/record/${recordId}`;
const head = headOf(alpha).recordId;
const one = digestOf(contents.one);
const file = (digest: string) => `/content/${digest.replace(':', '-')}`;

const inPath = badIds.map(([what, id]) => [what, encodeURIComponent(id).replaceAll('%3A', ':')] as const);

export const reading: readonly Case[] = [
  ...recordsOf(alpha).map(({ recordId }, index) =>
    get(`record: record ${index} of its log`, record(alpha, recordId)),
  ),
  get('record: of another log', record(beta, head)),
  get('record: of a log that nobody published', record(unknownLog, head)),
  get('record: that nobody published', record(alpha, noHash)),
  get('record: the operator log', record(operatorLog, noHash)),
  {
    id: 'record: the record of the operator log',
    make: ({ operatorRecord }) => ({ method: 'GET', path: record(operatorLog, operatorRecord.id) }),
  },
  ...inPath.map(([what, id]) => get(`record: the log id is ${what}`, record(id, head))),
  ...inPath.map(([what, id]) => get(`record: the record id is ${what}`, record(alpha, id))),
  get('record: ids with an encoded colon', record(alpha.replace(':', '%3A'), head.replace(':', '%3A'))),
  get('record: bytes that are no UTF-8 in the path', record('%ff%fe', head)),
  get('record: a percent sign that encodes nothing', record('%zz', head)),
  get('record: a slash behind', `${record(alpha, head)}/`),
  get('record: no record id', `/v1/package/${alpha}/record/`),
  get('record: the list of records', `/v1/package/${alpha}/record`),
  get('record: a package without more', `/v1/package/${alpha}`),
  get('record: the header Warg-Registry', record(alpha, head), { 'warg-registry': 'example.com' }),
  ...['POST', 'PUT', 'DELETE', 'HEAD'].map((method) => ({
    id: `record: method ${method}`,
    make: () => ({ method, path: record(alpha, head) }),
  })),
  get('upload: asked with GET', `${record(alpha, head)}/content/${one}`),

  ...Object.entries(contents).map(([name, bytes]) =>
    get(`content: sources of ${name}`, `/v1/content/${digestOf(bytes)}`),
  ),
  ...inPath.map(([what, id]) => get(`content: the digest is ${what}`, `/v1/content/${id}`)),
  get('content: no digest', '/v1/content'),
  get('content: a slash behind', `/v1/content/${one}/`),
  get('content: the header Warg-Registry', `/v1/content/${one}`, { 'warg-registry': 'example.com' }),
  ...['POST', 'DELETE', 'HEAD'].map((method) => ({
    id: `content: method ${method}`,
    make: () => ({ method, path: `/v1/content/${one}` }),
  })),

  ...Object.entries(contents).map(([name, bytes]) => get(`file: ${name}`, file(digestOf(bytes)))),
  get('file: a folder', '/content/'),
  get('file: the folder without a slash', '/content'),
  get('file: a digest with a colon', `/content/${one}`),
  get('file: no hash', '/content/alpha'),
  get('file: capital digits', file(one.replace(/:.*/, (digits) => digits.toUpperCase()))),
  get('file: out of the folder', '/content/../files/x'),
  get('file: out of the folder, encoded', '/content/%2e%2e%2fCargo.toml'),
  get('file: out of the folder, absolute', '/content//etc/passwd'),
  get('file: a zero byte', `${file(one)}%00`),
  get('file: the first four bytes', file(one), { range: 'bytes=0-3' }),
  get('file: the last four bytes', file(one), { range: 'bytes=-4' }),
  get('file: from byte 4', file(one), { range: 'bytes=4-' }),
  get('file: beyond its end', file(one), { range: 'bytes=1000-' }),
  get('file: two ranges', file(one), { range: 'bytes=0-1,3-4' }),
  get('file: a range that is none', file(one), { range: 'lines=1-2' }),
  get('file: the header Warg-Registry', file(one), { 'warg-registry': 'example.com' }),
  ...['POST', 'DELETE', 'HEAD'].map((method) => ({
    id: `file: method ${method}`,
    make: () => ({ method, path: file(one) }),
  })),

  get('ledger: sources', '/v1/ledger'),
  get('ledger: a slash behind', '/v1/ledger/'),
  ...[0, 1, fullLength - 1, fullLength, fullLength + 1, 1000].map((start) =>
    get(`ledger: records from ${start}`, `/v1/ledger/records/${start}`),
  ),
  ...['-1', '+1', '1.0', '01', 'x', '', '18446744073709551615', '18446744073709551616', '%31'].map((start) =>
    get(`ledger: records from '${start}'`, `/v1/ledger/records/${start}`),
  ),
  get('ledger: no start', '/v1/ledger/records'),
  get('ledger: the header Warg-Registry', '/v1/ledger', { 'warg-registry': 'example.com' }),
  { id: 'ledger: method POST', make: () => ({ method: 'POST', path: '/v1/ledger' }) },

  ...[
    '/',
    '/v1',
    '/v1/',
    '/v2/fetch/checkpoint',
    '/V1/fetch/checkpoint',
    '/v1/Fetch/checkpoint',
    '//v1/fetch/checkpoint',
    '/v1//fetch/checkpoint',
    '/v1/./fetch/checkpoint',
    '/v1/fetch/../fetch/checkpoint',
    '/v1/fetch/check%70oint',
    '/v1/fetch',
    '/v1/fetch/nothing',
    '/v1/proof',
    '/v1/verify',
    '/v1/nothing',
    '/nothing',
    '/.well-known/warg/registry.json',
    '/.well-known/wasm-pkg/registry.json',
    '/debug',
    '/favicon.ico',
    `/${'x'.repeat(8000)}`,
  ].map((path) => get(`path: ${path.slice(0, 60)}`, path)),
  { id: 'path: POST to nowhere', make: () => ({ method: 'POST', path: '/v1/nothing', body: '{}' }) },
  { id: 'path: POST to the root', make: () => ({ method: 'POST', path: '/', body: '{}' }) },
];
