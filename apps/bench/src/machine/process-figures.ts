// What a process has used, from Linux's /proc. The sum of user and system time is exact to a clock tick, 10 ms, and counts
// all threads, those that have ended too; what is measured here runs for a second and more.

import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const EMPTY = { parent: 0, own: 0, reaped: 0 };

/** CPU of one process, in µs. */
export function cpuMicros(pid: number): number {
  return statOf(pid).own;
}

/**
 * CPU of a process and its children, in µs, those that have come and gone included: PostgreSQL has a process for each
 * connection, and its postmaster waits for every one.
 */
export function cpuMicrosOfFamily(pid: number): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter(({ parent }) => parent === pid);
  return [statOf(pid), ...children].reduce((sum, { own, reaped }) => sum + own + reaped, 0);
}

/** Memory that is really there, in KiB. */
export function rssKibibytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
}

function statOf(pid: number): typeof EMPTY {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended while we looked.
    return EMPTY;
  }
  // The name of the program stands in brackets, and may have any character in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (field: number) => Number(fields[field - 3]);
  const micros = (ticks: number) => (ticks * 1e6) / TICKS_PER_SECOND;
  return { parent: at(4), own: micros(at(14) + at(15)), reaped: micros(at(16) + at(17)) };
}
