import { WargError } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLogId, parseRecordId } from '../ids.ts';
import { DecodeError } from '../json/index.ts';
import type { ApiError } from './api-error.ts';
import * as errors from './api-error.ts';
import { decodeApiError, decodeErrorBody, type ErrorFamily, encodeApiError } from './error-json.ts';
import { decodeMessage } from './messages.ts';
import { errorSchemas } from './schemas.ts';

const FAMILIES: readonly ErrorFamily[] = ['fetch', 'content', 'package', 'proof', 'monitor', 'ledger'];
const logId = parseLogId(`sha256:${'ab'.repeat(32)}`);
const recordId = parseRecordId(`sha256:${'cd'.repeat(32)}`);

const CASES: readonly (readonly [ApiError, ErrorFamily, number, string])[] = [
  [errors.checkpointNotFound(7), 'fetch', 404, '{"status":404,"type":"logLength","id":7}'],
  [
    errors.checkpointNotFound(2n ** 64n - 1n, 'proof'),
    'proof',
    404,
    '{"status":404,"type":"logLength","id":18446744073709551615}',
  ],
  [errors.logNotFound(logId), 'fetch', 404, `{"status":404,"type":"log","id":"${logId}"}`],
  [errors.logNotFound(logId), 'package', 404, `{"status":404,"type":"log","id":"${logId}"}`],
  [errors.recordNotFound(recordId), 'package', 404, `{"status":404,"type":"record","id":"${recordId}"}`],
  [errors.fetchTokenNotFound('t'), 'fetch', 404, '{"status":404,"type":"fetchToken","id":"t"}'],
  [
    errors.contentDigestNotFound(logId),
    'content',
    404,
    `{"status":404,"type":"contentDigest","id":"${logId}"}`,
  ],
  [errors.leafNotFound(3), 'proof', 404, '{"status":404,"type":"leaf","id":3}'],
  [errors.namespaceNotFound('n'), 'package', 404, '{"status":404,"type":"namespace","id":"n"}'],
  [errors.packageNameNotFound('n:p'), 'package', 404, '{"status":404,"type":"name","id":"n:p"}'],
  [errors.namespaceImported('n'), 'package', 409, '{"status":409,"type":"namespaceImport","id":"n"}'],
  [
    errors.pendingPublishConflict(recordId),
    'package',
    409,
    `{"status":409,"type":"record","id":"${recordId}"}`,
  ],
  [errors.packageNameConflict('n:p'), 'package', 409, '{"status":409,"type":"name","id":"n:p"}'],
  [errors.namespaceConflict('n'), 'package', 409, '{"status":409,"type":"namespace","id":"n"}'],
  ...(['content', 'package'] as const).map(
    (family) =>
      [
        errors.contentWithdrawn(logId, 'order 7'),
        family,
        451,
        `{"status":451,"type":"contentDigest","id":"${logId}","reason":"order 7",` +
          `"message":"the registry withdrew the content \`${logId}\`: order 7"}`,
      ] as const,
  ),
  [errors.recordNotSourcing(), 'package', 405, '{"status":405}'],
  [errors.unauthorized('who'), 'package', 401, '{"status":401,"message":"who"}'],
  [errors.rejection('bad'), 'package', 422, '{"status":422,"message":"bad"}'],
  [errors.notSupported('x'), 'package', 501, '{"status":501,"message":"x"}'],
  [
    errors.packageLogNotIncluded(logId),
    'proof',
    422,
    `{"status":422,"reason":"packageNotIncluded","log_id":"${logId}"}`,
  ],
  [
    errors.incorrectProof(logId, recordId),
    'proof',
    422,
    `{"status":422,"reason":"incorrectProof","root":"${logId}","found":"${recordId}"}`,
  ],
  [errors.bundleFailure('x'), 'proof', 422, '{"status":422,"reason":"failure","message":"x"}'],
  [errors.apiError(418, 'tea'), 'monitor', 418, '{"status":418,"message":"tea"}'],
];

describe('ApiError', () => {
  it.each(CASES)('%s travels', (error, family, status, body) => {
    expect(error).toBeInstanceOf(WargError);
    expect(encodeApiError(error)).toEqual({ status, body });
    const read = decodeApiError(status, body, family);
    expect(read).toMatchObject({ code: error.code, variant: error.variant, status, message: error.message });
    expect(String(read.id)).toBe(String(error.id));
    expect(encodeApiError(read)).toEqual({ status, body });
    if (typeof error.id !== 'bigint') errorSchemas[family].parse(JSON.parse(body));
  });

  it('has a code for each case that callers can switch on', () => {
    expect(errors.logNotFound(logId).code).toBe('LOG_NOT_FOUND');
    expect(errors.apiError(500, 'x').code).toBe('API_ERROR');
  });
});

describe('invalidBody', () => {
  const answerTo = (decode: () => unknown, asked?: 'logs' | 'proof') => {
    try {
      decode();
    } catch (error) {
      if (error instanceof DecodeError) return encodeApiError(errors.invalidBody(error, asked));
      throw error;
    }
    throw new Error('expected a refusal');
  };

  it('answers as the reference does', () => {
    expect(answerTo(() => decodeMessage('FetchLogsRequest', '{"logLength":'))).toMatchObject({ status: 400 });
    expect(answerTo(() => decodeMessage('FetchLogsRequest', '{"logLength":"1"}'))).toEqual({
      status: 422,
      body: '{"status":422,"message":"expected an integer from 0 to 2^64−1 at logLength, found a text"}',
    });
    expect(answerTo(() => decodeMessage('ConsistencyRequest', ' '.repeat(10_000)))).toMatchObject({
      status: 413,
    });
  });

  it('does not find what lies beyond 2^53', () => {
    const big = '9007199254740993';
    const notFound = (type: string) => ({ status: 404, body: `{"status":404,"type":"${type}","id":${big}}` });
    expect(answerTo(() => decodeMessage('FetchLogsRequest', `{"logLength":${big}}`))).toEqual(
      notFound('logLength'),
    );
    expect(answerTo(() => decodeMessage('ConsistencyRequest', `{"from":1,"to":${big}}`), 'proof')).toEqual(
      notFound('logLength'),
    );
    expect(
      answerTo(() => decodeMessage('InclusionRequest', `{"logLength":1,"leafs":[0,${big}]}`), 'proof'),
    ).toEqual(notFound('leaf'));
  });
});

describe('decodeErrorBody', () => {
  it('reads the same text as another error in another part of the API', () => {
    const body = '{"status":422,"reason":"failure","message":"m"}';
    expect(decodeErrorBody('proof', body).variant).toBe('BundleFailure');
    expect(decodeErrorBody('package', body).variant).toBe('Rejection');
    expect(decodeErrorBody('fetch', body).variant).toBe('Message');
  });

  it('does not take another form when the first that fits names something impossible', () => {
    expect(() => decodeErrorBody('package', '{"status":404,"type":"log","id":"x","message":"m"}')).toThrow(
      DecodeError,
    );
    expect(() => decodeErrorBody('package', '{"status":404,"type":"name","id":"a:b","message":"m"}')).toThrow(
      DecodeError,
    );
    expect(() => decodeErrorBody('fetch', '{"status":404,"type":"logLength","id":"5"}')).toThrow(DecodeError);
  });

  it('throws typed errors only', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FAMILIES), fc.oneof(fc.json(), fc.string()), (family, text) => {
        try {
          decodeErrorBody(family, text);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('decodeApiError', () => {
  it('tells errors apart without being told what was asked', () => {
    expect(decodeApiError(404, '{"status":404,"type":"leaf","id":3}').variant).toBe('LeafNotFound');
    expect(decodeApiError(404, `{"status":404,"type":"contentDigest","id":"${logId}"}`).variant).toBe(
      'ContentDigestNotFound',
    );
    expect(decodeApiError(409, '{"status":409,"type":"name","id":"a:b"}').variant).toBe(
      'PackageNameConflict',
    );
    expect(decodeApiError(404, '{"status":404,"type":"fetchToken","id":"x"}').variant).toBe(
      'FetchTokenNotFound',
    );
  });

  it('believes the HTTP status more than the one in the body', () => {
    expect(decodeApiError(500, '{"status":405}', 'package')).toMatchObject({
      variant: 'Message',
      status: 500,
    });
    expect(decodeApiError(502, '{"status":404,"message":"gone"}', 'fetch')).toMatchObject({
      status: 502,
      message: 'gone',
    });
  });

  it('finds words for what is no error of the API', () => {
    expect(decodeApiError(501, '`Warg-Registry` header is not supported').message).toBe(
      '`Warg-Registry` header is not supported',
    );
    expect(decodeApiError(502, '<html><h1>Bad gateway</h1></html>').message).toBe(
      'the registry answered with HTTP status 502',
    );
    expect(decodeApiError(503, '').message).toBe('the registry answered with HTTP status 503');
    expect(decodeApiError(400, '{"error":"x","message":"read me"}').message).toBe('read me');
    expect(decodeApiError(400, 'a\u001b[31mred').message).toBe('the registry answered with HTTP status 400');
    expect(decodeApiError(400, new Uint8Array([0xff])).message).toBe(
      'the registry answered with HTTP status 400',
    );
  });

  it('never throws', () => {
    const input = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      fc.constant('x'.repeat(100_000)),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        input,
        fc.option(fc.constantFrom(...FAMILIES), { nil: undefined }),
        (status, body, family) => {
          expect(decodeApiError(status, body, family).status).toBe(status);
        },
      ),
    );
  });
});
