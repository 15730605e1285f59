import { ClientError } from '@warg/client';
import { WargError } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { plainStyle } from '../../test/support/output.ts';
import { CliError, InterruptedError, UsageError } from '../errors.ts';
import { describeError, errorDocument, formatError } from './error-report.ts';

describe('describeError', () => {
  it('ends with 1 for failures, 2 for wrong command lines, 128 and more for signals', () => {
    expect(describeError(new CliError('FILE_EXISTS', 'there')).exitCode).toBe(1);
    expect(describeError(new WargError('ANY', 'text')).exitCode).toBe(1);
    expect(describeError(new ClientError('NETWORK_FAILED', 'text')).exitCode).toBe(1);
    expect(describeError(new UsageError('what?')).exitCode).toBe(2);
    expect(describeError(new ClientError('INVALID_REGISTRY', 'text')).exitCode).toBe(2);
    expect(describeError(new InterruptedError()).exitCode).toBe(130);
    expect(describeError(new InterruptedError(143)).exitCode).toBe(143);
    expect(describeError(new TypeError('x is not a function')).exitCode).toBe(1);
    expect(describeError('thrown text').exitCode).toBe(1);
  });

  it('says what to do', () => {
    expect(describeError(new CliError('KEY_EXISTS', 'there', { hint: 'look' })).hint).toBe('look');
    expect(describeError(new ClientError('OPERATOR_PIN_MISMATCH', 'text')).hint).toContain(
      '--forget-operator',
    );
    const unreached = (url: string) => describeError(new ClientError('NETWORK_FAILED', 'no', { url })).hint;
    expect(unreached('https://127.0.0.1:8090/')).toContain('http://');
    expect(unreached('https://registry.example/')).not.toContain('http://');
    const namespace = new WargError('NAMESPACE_NOT_DEFINED', 'no');
    expect(describeError(new ClientError('PUBLISH_REFUSED', 'no', {}, { cause: namespace })).hint).toContain(
      '--namespace',
    );
    expect(describeError(new ClientError('PUBLISH_REFUSED', 'no')).hint).toBeUndefined();
    expect(describeError(new WargError('ANY', 'text')).hint).toBeUndefined();
  });

  it('passes on a registry’s hint, without what would act on a terminal', () => {
    const error = new ClientError('PACKAGE_NOT_FOUND', 'no', {
      hint: { namespace: 'a', registry: 'b.example\u001b[1m' },
    });
    expect(describeError(error).hint).toContain('b.example\\u{1b}[1m has the packages of a');
  });

  it('keeps codes and details for programs', () => {
    const report = describeError(
      new ClientError('VERSION_NOT_FOUND', 'no', { name: 'a:b', versions: ['1.0.0'] }),
    );
    expect(errorDocument(report, false)).toEqual({
      error: {
        code: 'VERSION_NOT_FOUND',
        message: 'no',
        hint: report.hint,
        details: { name: 'a:b', versions: ['1.0.0'] },
      },
    });
    expect(errorDocument(report, true)).toHaveProperty('error.stack');
  });

  it('calls what nobody foresaw a mistake of its own', () => {
    const report = describeError(new TypeError('x is not a function'));
    expect(report.code).toBe('INTERNAL');
    expect(report.message).toContain('x is not a function');
  });
});

describe('formatError', () => {
  it('shows no stack unless one is looking for a mistake', () => {
    const report = describeError(
      new CliError('FILE_EXISTS', 'there', { hint: 'look', cause: new Error('inner') }),
    );
    expect(formatError(report, plainStyle, false)).toEqual(['error: there', 'hint: look']);
    expect(formatError(report, plainStyle, true).join('\n')).toMatch(
      /error-report\.test\.ts[\s\S]*caused by Error: inner/,
    );
  });
});
