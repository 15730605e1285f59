import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** Where and with what figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Of the folder that the servers write to: its type, and the device. */
  readonly filesystem: string;
  readonly node: string;
  readonly commit: string;
  /** Whether there were changes that are not in the commit. */
  readonly changed: boolean;
}

export function describeMachine(work: string): Machine {
  const [first] = cpus();
  return {
    cpu: cpuName(first?.model),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    filesystem: filesystemOf(work),
    node: process.versions.node,
    commit: git('rev-parse', '--short=12', 'HEAD'),
    changed: git('status', '--porcelain', '--', 'packages') !== '',
  };
}

/** How many cores are at work, in the mean of half a second: asked while nothing of ours runs, what others use. */
export async function busyCores(): Promise<number> {
  const before = idleTicks();
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const idle = ((idleTicks() - before) * 10) / (performance.now() - started);
  return Math.max(0, availableParallelism() - idle);
}

/** Of all cores, in clock ticks of 10 ms; waiting for a disk is idle, too. */
function idleTicks(): number {
  const [, , , , idle, wait] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/);
  return Number(idle) + Number(wait);
}

function cpuName(model: string | undefined): string {
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const vendor = /^vendor_id\s*: (.*)$/m.exec(info)?.[1] ?? '';
  const features = ['sha_ni', 'avx2', 'avx512f'].filter((feature) =>
    new RegExp(`\\b${feature}\\b`).test(info),
  );
  return `${model?.trim() || vendor} (${features.join(', ') || 'no SHA extensions'})`;
}

function filesystemOf(folder: string): string {
  const found = command('findmnt', ['--noheadings', '--output', 'FSTYPE,SOURCE', '--target', folder]);
  return found.replace(/\s+/g, ' on ') || 'unknown';
}

function git(...args: string[]): string {
  return command('git', args);
}

function command(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
