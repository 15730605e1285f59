import { describe, expect, it } from 'vitest';
import { StoreError } from '../store/errors.ts';
import { toResponse } from './answers.ts';
import { answerError } from './errors.ts';

const request = { method: 'POST', path: '/' };
const log = { debug() {}, info() {}, warn() {}, error() {} };

describe('answerError', () => {
  it.each([
    ['STORE_FULL', 507],
    ['STORE_REPLACED', 503],
    ['STORE_CLOSED', 503],
    ['STORE_UNAVAILABLE', 503],
    ['STORE_WRITER_FAILED', 503],
    ['STORE_CORRUPT', 500],
  ] as const)('answers %s with %i, and says nothing of files', async (code, status) => {
    const error = new StoreError(code, 'something is wrong with /var/lib/registry.db');
    const answer = toResponse(answerError(error, log, request));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ status, message: expect.any(String) });
    expect(text).not.toContain('/var/lib');
  });
});
