import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countsLine, underCi } from './outcome.mjs';
import { countReport } from './unit-tests.mjs';

const test = (status) => ({ status, fullName: `a ${status} test`, failureMessages: [] });

describe('countReport', () => {
  it('counts tests by their status', () => {
    const report = {
      testResults: [
        { status: 'failed', name: 'a', assertionResults: ['passed', 'failed', 'skipped'].map(test) },
      ],
    };
    assert.equal(countsLine(countReport(report, 'x')), '1 passed, 1 failed, 1 skipped');
  });

  it('names each test that failed, with its file and its message', () => {
    const assertionResults = [
      { status: 'failed', fullName: 'adds up', failureMessages: ['expected 2\nfound 3'] },
    ];
    const report = { testResults: [{ status: 'failed', name: 'a.test.ts', assertionResults }] };
    assert.deepEqual(countReport(report, 'x').details, [
      'failed: a.test.ts: adds up\n  expected 2\n  found 3',
    ]);
  });

  it('counts a file that could not be loaded as a failure', () => {
    const report = {
      testResults: [
        { status: 'passed', name: 'a', assertionResults: [test('passed')] },
        { status: 'failed', name: 'b', message: 'no such module', assertionResults: [] },
      ],
    };
    const outcome = countReport(report, 'x');
    assert.equal(countsLine(outcome), '1 passed, 1 failed');
    assert.match(outcome.details[0], /no such module/);
  });

  it('fails a package without tests', () => {
    assert.equal(countsLine(countReport({ testResults: [] }, 'x')), '0 passed, 1 failed');
  });
});

describe('a skipped test', () => {
  const skip = (fullName) => {
    const report = {
      testResults: [{ status: 'passed', name: 'a', assertionResults: [{ status: 'skipped', fullName }] }],
    };
    return countsLine(underCi(countReport(report, 'x')));
  };

  it('may be skipped under CI when its name says why', () => {
    assert.equal(
      skip('refuses a folder that cannot be written [not as root]'),
      '0 passed, 0 failed, 1 skipped',
    );
  });

  it('counts as a failure under CI when it does not', () => {
    assert.equal(skip('refuses a folder that cannot be written'), '0 passed, 1 failed');
  });
});

describe('underCi', () => {
  it('turns a skip into a failure unless it is allowed', () => {
    const skips = [
      { what: 'a', why: 'b' },
      { what: 'c', why: 'd', allowedInCi: true },
    ];
    const outcome = underCi({ passed: 1, failed: 0, details: [], skipped: skips });
    assert.equal(countsLine(outcome), '1 passed, 1 failed, 1 skipped');
  });
});
