import type { LogOutput } from './log.ts';

/** What a command writes to. */
export interface Output {
  write(text: string): unknown;
}

/** What the program touches of the process it runs in. */
export interface ProgramHost {
  readonly env: Record<string, string | undefined>;
  readonly stdout: Output;
  readonly stderr: LogOutput;
  readonly version: string;
  /** Calls back at each signal to end. */
  onSignal(listener: (signal: string) => void): void;
  /** Calls back at each signal to read again what may have changed. */
  onReload(listener: () => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}
