import { describe, expect, it } from 'vitest';
import { silentOutput } from '../../test/support/output.ts';
import { formatTransfer, showProgress } from './progress.ts';

const digest = `sha256:${'0'.repeat(64)}` as never;

function record() {
  const lines: (string | undefined)[] = [];
  const details: string[] = [];
  let now = 0;
  const progress = showProgress(
    { ...silentOutput, status: (line) => lines.push(line), detail: (line) => details.push(line) },
    () => now,
  );
  return {
    lines,
    details,
    progress,
    at: (time: number) => {
      now = time;
    },
  };
}

describe('formatTransfer', () => {
  it('says how much of how much, and how fast', () => {
    expect(formatTransfer('download', 500_000, 2_000_000, 1000)).toBe(
      'Downloading   25%  500.0 kB of 2.0 MB  500.0 kB/s',
    );
    expect(formatTransfer('upload', 2_000_000, 2_000_000, 4000)).toBe(
      'Uploading  100%  2.0 MB of 2.0 MB  500.0 kB/s',
    );
  });

  it('says how much where nobody knows of how much, and no rate too early', () => {
    expect(formatTransfer('hash', 1234, undefined, 10)).toBe('Reading  1.2 kB');
    expect(formatTransfer('download', 0, 0, 0)).toBe('Downloading  0 B');
  });
});

describe('showProgress', () => {
  it('shows a transfer ten times a second, and its end', () => {
    const { lines, progress, at } = record();
    const download = (received: number) =>
      progress.onProgress({ type: 'download', digest, received, total: 1000 });
    download(100);
    at(50);
    download(200);
    at(100);
    download(300);
    at(110);
    download(1000);
    progress.done();
    expect(lines).toEqual([
      'Downloading   10%  100 B of 1.0 kB',
      'Downloading   30%  300 B of 1.0 kB',
      'Downloading  100%  1.0 kB of 1.0 kB',
      undefined,
    ]);
  });

  it('measures the rate of each transfer from its own beginning', () => {
    const { lines, progress, at } = record();
    progress.onProgress({ type: 'hash', received: 1, total: 1000 });
    at(10_000);
    progress.onProgress({ type: 'upload', digest, sent: 0, total: 1000 });
    at(11_000);
    progress.onProgress({ type: 'upload', digest, sent: 1000, total: 1000 });
    expect(lines.at(-1)).toBe('Uploading  100%  1.0 kB of 1.0 kB  1.0 kB/s');
  });

  it('says out loud whom it trusts for the first time', () => {
    const warnings: string[] = [];
    const progress = showProgress({ ...silentOutput, warn: (message) => warnings.push(message) });
    const operator = { key: 'ecdsa-p256:A', keyId: digest, recordId: digest, origin: 'first-use' } as never;
    progress.onProgress({ type: 'first-use', registry: 'https://registry.example', operator });
    expect(warnings).toEqual([expect.stringContaining('trusting the operator of https://registry.example')]);
    expect(warnings[0]).toContain('ecdsa-p256:A');
  });

  it('says the steps of a call', () => {
    const { lines, details, progress } = record();
    progress.onProgress({ type: 'checkpoint', logLength: 1, timestamp: 0 });
    progress.onProgress({ type: 'records', received: 3 });
    progress.onProgress({ type: 'verified', packages: 1 });
    progress.onProgress({ type: 'resolved', name: 'a:b', version: '1.0.0', digest });
    progress.onProgress({ type: 'source-failed', digest, url: 'https://a.example', error: new Error('no') });
    progress.onProgress({ type: 'submitted', recordId: digest });
    progress.onProgress({ type: 'waiting', recordId: digest, state: 'processing' });
    progress.onProgress({ type: 'published', recordId: digest, registryIndex: 4 });
    expect(lines).toEqual([
      'Asking the registry…',
      'Fetching logs: 3 records',
      'Verified',
      'Waiting for the registry (processing)…',
    ]);
    expect(details).toEqual([
      'checkpoint of 1 record, signed 1970-01-01 00:00:00 UTC',
      'proved the logs of 1 package',
      `chose a:b@1.0.0, ${digest}`,
      `https://a.example did not deliver ${digest}: no`,
      `submitted record ${digest}`,
      `published record ${digest} at registry index 4`,
    ]);
  });
});
