import { run } from '../../src/run.ts';
import { type TestEnvironmentOptions, testEnvironment } from './environment.ts';

/** What a run in this process ended with. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The document of `--json`. */
  readonly json: Record<string, never>;
}

/** Runs a command line in this process. */
export async function runHere(
  args: readonly string[],
  options: Omit<TestEnvironmentOptions, 'args'> = {},
): Promise<RunResult> {
  const environment = testEnvironment({ ...options, args });
  const code = await run(environment);
  const { stdout, stderr } = environment.written;
  return {
    code,
    stdout,
    stderr,
    get json() {
      return JSON.parse(stdout) as Record<string, never>;
    },
  };
}
