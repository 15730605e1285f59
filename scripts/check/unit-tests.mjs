// The unit tests of every package and app that has a vitest.config.ts, counted from vitest's own reports.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsLine, failed, sum } from './outcome.mjs';
import { root, runNode } from './processes.mjs';
import { members } from './workspace.mjs';

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkUnitTests() {
  const outcomes = [];
  // One after the other: some of them measure the machine they run on, and vitest uses all cores by itself.
  for (const member of members().filter(({ path }) => existsSync(join(path, 'vitest.config.ts')))) {
    const outcome = await testMember(member);
    console.log(`  ${member.manifest.name}: ${countsLine(outcome)}`);
    outcomes.push(outcome);
  }
  return sum(outcomes);
}

/** Runs the tests of one member, or those in `files` alone. */
export async function testMember({ path, manifest }, files = []) {
  const work = mkdtempSync(join(tmpdir(), 'warg-check-'));
  try {
    const report = join(work, 'report.json');
    const { code, output } = await runNode(
      [
        join(path, 'node_modules/vitest/vitest.mjs'),
        'run',
        ...files,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { cwd: path, env: { ...process.env, NO_COLOR: '1' } },
    );
    if (!existsSync(report)) return failed(`${manifest.name}: vitest ended without a report\n${output}`);
    const outcome = countReport(JSON.parse(readFileSync(report, 'utf8')), manifest.name);
    if (code === 0 && outcome.failed === 0) return outcome;
    if (outcome.failed > 0) return outcome;
    // An error outside of any test (an unhandled rejection) fails the run without failing a test.
    const details = [`${manifest.name}: vitest ended with ${code}\n${output.trim()}`];
    return { ...outcome, failed: 1, details };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A test that some machines cannot run ends its name with the reason in brackets: `refuses a folder … [not as root]`.
 * Any other one that was not run is an oversight, which CI does not let pass.
 */
function skipOf(what, status) {
  const reason = what.match(/\[([^\]]+)\]$/)?.[1];
  return reason
    ? { what, why: reason, allowedInCi: true }
    : { what, why: `marked as ${status}, without a reason` };
}

const fileOf = (file) => file.name.replace(`${root}/`, '');

/**
 * Counts one report. A file that could not be loaded has no test in it, neither passed nor failed: it counts as
 * one failure, and so does a package whose tests have all disappeared.
 *
 * @param {any} report vitest's JSON report
 * @param {string} name whose report it is
 * @returns {import('./outcome.mjs').Outcome}
 */
export function countReport(report, name) {
  const counts = { passed: 0, failed: 0, skipped: [], details: [] };
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((test) => test.status);
    if (file.status === 'failed' && !statuses.includes('failed')) {
      counts.failed++;
      counts.details.push(`failed: ${fileOf(file)} could not be run: ${file.message}`);
    }
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed++;
      else if (test.status === 'failed') {
        counts.failed++;
        counts.details.push(
          `failed: ${fileOf(file)}: ${test.fullName}\n${test.failureMessages.join('\n').replace(/^/gm, '  ')}`,
        );
      } else {
        counts.skipped.push(skipOf(`${name}: ${test.fullName}`, test.status));
      }
    }
  }
  if (counts.passed + counts.failed + counts.skipped.length === 0) {
    return failed(`${name}: expected at least one test, found none`);
  }
  return counts;
}
