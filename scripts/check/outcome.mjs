// What a step of the check came to, and the sum of several.

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} details what failed, for the reader
 * @property {readonly Skip[]} skipped
 *
 * @typedef {object} Skip
 * @property {string} what
 * @property {string} why
 * @property {boolean} [allowedInCi] otherwise a skip counts as a failure under CI
 */

/** @returns {Outcome} */
export const passed = (count = 1) => ({ passed: count, failed: 0, details: [], skipped: [] });

/** @returns {Outcome} */
export const failed = (...details) => ({ passed: 0, failed: 1, details, skipped: [] });

/** One check that passes when nothing was found. @returns {Outcome} */
export const noFindings = (findings) => (findings.length === 0 ? passed() : failed(...findings));

/** One check that passes when the program ended with 0. @returns {Outcome} */
export const exitCode = ({ code, output }) => (code === 0 ? passed() : failed(output.trim()));

/** @returns {Outcome} */
export const skipped = (skip) => ({ passed: 0, failed: 0, details: [], skipped: [skip] });

/** @param {readonly Outcome[]} outcomes @returns {Outcome} */
export function sum(outcomes) {
  return {
    passed: outcomes.reduce((total, outcome) => total + outcome.passed, 0),
    failed: outcomes.reduce((total, outcome) => total + outcome.failed, 0),
    details: outcomes.flatMap((outcome) => outcome.details),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
  };
}

/** Under CI a skip that is not allowed there is a failure. @param {Outcome} outcome @returns {Outcome} */
export function underCi(outcome) {
  const refused = outcome.skipped.filter((skip) => !skip.allowedInCi);
  return {
    passed: outcome.passed,
    failed: outcome.failed + refused.length,
    details: [...outcome.details, ...refused.map((skip) => `${skip.what} was skipped: ${skip.why}`)],
    skipped: outcome.skipped.filter((skip) => skip.allowedInCi),
  };
}

/** `N passed, N failed`, and `, N skipped` when something was. @param {Outcome} outcome */
export function countsLine(outcome) {
  const skips = outcome.skipped.length > 0 ? `, ${outcome.skipped.length} skipped` : '';
  return `${outcome.passed} passed, ${outcome.failed} failed${skips}`;
}
