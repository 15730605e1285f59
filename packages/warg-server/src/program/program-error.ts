/** What the program's exit code says. What a signal interrupts ends with 128 and the signal's number: 130 or 143. */
export const ExitCode = { failure: 1, usage: 2 } as const;

/** A mistake of whoever started the program or of the machine it runs on: printed as one line, without a stack. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.exitCode = options.exitCode ?? ExitCode.failure;
  }
}
