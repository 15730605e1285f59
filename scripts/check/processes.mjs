// Starting other programs: output collected, nothing on standard input, never a shell in between.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * Runs a program to its end and gives back its exit code and all it printed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string, stdout: string }>} a program that a signal ended, or that
 *   could not be started, has code -1
 */
export function run(command, args, { cwd = root, env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', (error) => resolve({ code: -1, output: `${output}${error.message}\n`, stdout }));
    child.on('close', (code, signal) => {
      if (signal) output += `${command} was ended by ${signal}\n`;
      resolve({ code: code ?? -1, output, stdout });
    });
  });
}

/** Runs a JavaScript program with the Node that runs this one. */
export function runNode(args, options) {
  return run(process.execPath, args, options);
}

/** Runs the pinned pnpm, which need not be installed. Its own chatter about npm's settings is left out. */
export async function runPnpm(args, options) {
  const result = await run('npx', ['-y', packageManager, ...args], options);
  return { ...result, output: result.output.replace(/^npm (warn|notice).*\n/gm, '') };
}

/** Maps over `items` with at most `width` of them under way; results in the order of the items. */
export async function mapLimited(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
