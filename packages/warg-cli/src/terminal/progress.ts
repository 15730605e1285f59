import type { ProgressEvent } from '@warg/client';
import type { Output } from '../output/output.ts';
import { count, formatSize, formatTime } from '../output/text.ts';
import { announceFirstUse } from './trust.ts';

/** Shows what happens during a long call. */
export interface Progress {
  /** To be given to the client as `onProgress`. */
  readonly onProgress: (event: ProgressEvent) => void;
  /** Removes the line. */
  done(): void;
}

/** How long a line stays before the next one, in milliseconds. */
const FRAME = 100;

type Transfer = Extract<ProgressEvent, { type: 'download' | 'upload' | 'hash' }>;

/**
 * Shows the events of a client's call as one line at the bottom of the terminal (transfers with bytes and rate), and as
 * lines of their own with `--verbose`. Where there is no terminal, nothing moves.
 *
 * @param clock milliseconds; for tests
 */
export function showProgress(output: Output, clock: () => number = Date.now): Progress {
  let begun: { readonly key: string; readonly at: number } | undefined;
  let lastFrame = Number.NEGATIVE_INFINITY;

  const transfer = (event: Transfer): void => {
    const now = clock();
    const key = `${event.type} ${event.type === 'hash' ? '' : event.digest}`;
    if (begun?.key !== key) {
      begun = { key, at: now };
      lastFrame = Number.NEGATIVE_INFINITY;
    }
    const bytes = event.type === 'upload' ? event.sent : event.received;
    if (now - lastFrame < FRAME && bytes !== event.total) return;
    lastFrame = now;
    output.status(formatTransfer(event.type, bytes, event.total, now - begun.at));
  };

  return {
    done: () => output.status(undefined),
    onProgress: (event) => {
      switch (event.type) {
        case 'download':
        case 'upload':
        case 'hash':
          transfer(event);
          return;
        case 'checkpoint':
          output.detail(
            `checkpoint of ${count(event.logLength, 'record')}, signed ${formatTime(new Date(event.timestamp * 1000))}`,
          );
          output.status('Asking the registry…');
          return;
        case 'records':
          output.status(`Fetching logs: ${count(event.received, 'record')}`);
          return;
        case 'verified':
          output.detail(`proved the logs of ${count(event.packages, 'package')}`);
          output.status('Verified');
          return;
        case 'first-use':
          announceFirstUse(output, event.registry, event.operator);
          return;
        case 'resolved':
          output.detail(`chose ${event.name}@${event.version}, ${event.digest}`);
          return;
        case 'source-failed':
          output.detail(`${event.url} did not deliver ${event.digest}: ${event.error.message}`);
          return;
        case 'submitted':
          output.detail(`submitted record ${event.recordId}`);
          return;
        case 'waiting':
          output.status(`Waiting for the registry (${event.state})…`);
          return;
        case 'published':
          output.detail(`published record ${event.recordId} at registry index ${event.registryIndex}`);
          return;
      }
    },
  };
}

const VERBS = { download: 'Downloading', upload: 'Uploading', hash: 'Reading' } as const;

/**
 * A line about a transfer.
 *
 * @param elapsed since its beginning, in milliseconds
 * @example
 * formatTransfer('download', 500_000, 2_000_000, 1000)   // 'Downloading  25%  500.0 kB of 2.0 MB  500.0 kB/s'
 */
export function formatTransfer(
  kind: keyof typeof VERBS,
  bytes: number,
  total: number | undefined,
  elapsed: number,
): string {
  const parts: string[] = [VERBS[kind]];
  if (total !== undefined && total > 0) {
    parts.push(`${Math.min(100, Math.floor((bytes / total) * 100))}%`.padStart(4));
    parts.push(`${formatSize(bytes)} of ${formatSize(total)}`);
  } else {
    parts.push(formatSize(bytes));
  }
  // A rate over less than this says nothing.
  if (elapsed >= 200) parts.push(`${formatSize(Math.round(bytes / (elapsed / 1000)))}/s`);
  return parts.join('  ');
}
