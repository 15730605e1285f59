import { describe, expect, it } from 'vitest';
import { type TestEnvironment, testEnvironment } from '../../test/support/environment.ts';
import { type CommandResult, createOutput, type OutputOptions } from './output.ts';

const result: CommandResult = {
  json: { answer: 42 },
  human: (style) => [style.green('The answer is 42')],
  quiet: '42',
};

function speak(
  options: OutputOptions,
  { terminal = false, variables = {} }: { terminal?: boolean; variables?: Record<string, string> } = {},
): TestEnvironment['written'] {
  const environment = testEnvironment({ terminal, variables });
  const output = createOutput(environment, options);
  output.detail('a detail');
  output.note('a note');
  output.status('a status');
  output.warn('a warning');
  output.result(result);
  return environment.written;
}

describe('createOutput', () => {
  it('says the result to standard output and the rest to standard error', () => {
    expect(speak({})).toEqual({ stdout: 'The answer is 42\n', stderr: 'a note\nwarning: a warning\n' });
  });

  it('says one document with --json', () => {
    expect(JSON.parse(speak({ json: true }).stdout)).toEqual({ answer: 42 });
  });

  it('says the bare result and warnings with --quiet', () => {
    expect(speak({ quiet: true })).toEqual({ stdout: '42\n', stderr: 'warning: a warning\n' });
  });

  it('says details with --verbose', () => {
    expect(speak({ verbose: true }).stderr).toContain('a detail\n');
  });

  it('uses colours and a status line on a terminal alone', () => {
    const { stdout, stderr } = speak({}, { terminal: true });
    expect(stdout).toBe('\u001b[32mThe answer is 42\u001b[39m\n');
    expect(stderr).toContain('a status\r\u001b[2K');
    expect(speak({}, {}).stderr).not.toContain('a status');
  });

  it('uses no colours where NO_COLOR says so or the terminal knows none', () => {
    for (const variables of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect(speak({}, { terminal: true, variables }).stdout).toBe('The answer is 42\n');
    }
    expect(speak({}, { terminal: true, variables: { NO_COLOR: '' } }).stdout).toContain('\u001b[32m');
  });

  it('shows no status line with --json and --quiet', () => {
    expect(speak({ json: true }, { terminal: true }).stderr).not.toContain('a status');
    expect(speak({ quiet: true }, { terminal: true }).stderr).not.toContain('a status');
  });

  it('cuts a status line that would wrap', () => {
    const environment = testEnvironment({ terminal: true });
    createOutput(environment, {}).status('x'.repeat(500));
    expect(environment.written.stderr).toBe('x'.repeat(79));
  });

  it('shows control characters of messages instead of obeying them', () => {
    const environment = testEnvironment({ terminal: true, variables: { NO_COLOR: '1' } });
    createOutput(environment, {}).warn('\u001b]0;title\u0007');
    expect(environment.written.stderr).toBe('warning: \\u{1b}]0;title\\u{7}\n');
  });
});
