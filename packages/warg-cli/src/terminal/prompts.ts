import type { Environment } from '../environment.ts';
import { CliError, InterruptedError } from '../errors.ts';

/** Asks a person. */
export interface Prompts {
  /** Whether there is somebody to ask. */
  readonly canAsk: boolean;
  /** Asks for a yes or a no. @throws InterruptedError on Ctrl-C */
  confirm(question: string): Promise<boolean>;
  /** Asks for a text that is not shown. @throws InterruptedError on Ctrl-C */
  secret(question: string): Promise<string>;
}

/**
 * Prompts on the terminal. Questions go to standard error, so that standard output has the result alone.
 *
 * @param allowed false where the user wants no questions (`--json`, `disableInteractive`). `--quiet` is about what is said
 *   by the way: a question is none of that
 */
export function createPrompts(environment: Environment, allowed: boolean): Prompts {
  const { stdin, stderr, signal } = environment;
  const common = { input: stdin, output: stderr, signal };
  // The library is loaded when a question is asked: most runs ask none.
  const answered = async <T>(ask: Promise<T>): Promise<Exclude<T, symbol>> => {
    const answer = await ask;
    signal.throwIfAborted();
    if (typeof answer === 'symbol') throw new InterruptedError();
    return answer as Exclude<T, symbol>;
  };
  return {
    canAsk: allowed && stdin.isTTY === true && stderr.isTTY === true,
    confirm: async (question) => {
      const { confirm } = await import('@clack/prompts');
      return answered(confirm({ ...common, message: question, initialValue: false }));
    },
    secret: async (question) => {
      const { password } = await import('@clack/prompts');
      return answered(password({ ...common, message: question }));
    },
  };
}

/** What a destructive command wants to know before it goes on. */
export interface Consent {
  /** The question, as asked on a terminal. */
  readonly question: string;
  /** What would happen, for the error where nobody can be asked: `deleting the signing key cannot be undone`. */
  readonly because: string;
  /** `--yes` */
  readonly yes: boolean | undefined;
}

/**
 * Goes on only if the user said so: by `--yes`, or by answering yes on a terminal.
 *
 * @throws CliError `CONFIRMATION_REQUIRED` | `DECLINED`
 */
export async function requireConsent(prompts: Prompts, { question, because, yes }: Consent): Promise<void> {
  if (yes) return;
  if (!prompts.canAsk) {
    throw new CliError('CONFIRMATION_REQUIRED', because, { hint: 'Say --yes if that is what you want.' });
  }
  if (!(await prompts.confirm(question))) throw new CliError('DECLINED', 'nothing was changed');
}
