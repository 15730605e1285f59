import { runProgram } from '@warg-apps/programs';

/** What something took: time, and CPU of all threads. */
export interface Cost {
  readonly millis: number;
  readonly cpuMillis: number;
}

/**
 * Runs a program to its end, with the time that it used as bash takes it from the kernel, in whole milliseconds: where that
 * is little, the mean of several times in a row.
 *
 * @throws Error with all it printed when it does not end well
 */
export async function costOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  times = 1,
): Promise<Cost & { readonly stdout: string }> {
  const script = `TIMEFORMAT="%R %U %S"; time for i in {1..${times}}; do "$0" "$@" || exit; done`;
  return timed(script, times, command, args, env);
}

/**
 * As {@link costOf}, once in each of these homes, which is the working folder then; the mean.
 *
 * @throws Error with all it printed when it does not end well
 */
export async function costInHomes(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  homes: readonly string[],
): Promise<Cost> {
  // Assignments before a command cost no process of their own.
  const set = homeVariables('$home').map(([name, value]) => `${name}="${value}"`);
  const script = `TIMEFORMAT="%R %U %S"; time for home in $HOMES; do cd "$home" && ${set.join(' ')} "$0" "$@" || exit; done`;
  const { millis, cpuMillis } = await timed(script, homes.length, command, args, {
    ...env,
    HOMES: homes.join(' '),
  });
  return { millis, cpuMillis };
}

/** @param script runs `$0 $@` so many times, and prints what that took as its last line */
async function timed(
  script: string,
  times: number,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Cost & { readonly stdout: string }> {
  const { code, stdout, stderr } = await runProgram('bash', ['-c', script, command, ...args], { env });
  const [, real, user, system] = /([\d.]+) ([\d.]+) ([\d.]+)\n$/.exec(stderr) ?? [];
  if (code !== 0 || system === undefined) {
    throw new Error(`${command} ${args[0]} ended with ${code}\n${stdout}${stderr}`.slice(0, 2000));
  }
  const each = 1000 / times;
  return { millis: each * Number(real), cpuMillis: each * (Number(user) + Number(system)), stdout };
}

/** What tells a program where its user's folders are. */
export function homeVariables(home: string): [string, string][] {
  return [
    ['HOME', home],
    ['XDG_CONFIG_HOME', `${home}/.config`],
    ['XDG_CACHE_HOME', `${home}/.cache`],
    ['XDG_DATA_HOME', `${home}/.local/share`],
  ];
}

/** What is left without the start of the process. */
export function without(whole: Cost, start: Cost): Cost {
  return { millis: whole.millis - start.millis, cpuMillis: whole.cpuMillis - start.cpuMillis };
}
