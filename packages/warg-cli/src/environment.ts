import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/** A stream that results or messages go to. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Standard input. */
export interface InputStream extends Readable {
  readonly isTTY?: boolean;
}

/**
 * Everything that a run of `warg` takes from the process around it. A command reads nothing else, so a test can run
 * one in its own process with its own streams, folders and signal.
 */
export interface Environment {
  /** The arguments after `node` and the script. */
  readonly args: readonly string[];
  /** The environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The working directory: absolute. */
  readonly workingDirectory: string;
  readonly platform: NodeJS.Platform;
  /** The user's number, where users have one. */
  readonly userId: number | undefined;
  /** The user's home directory. */
  readonly homeDirectory: string;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by Ctrl-C or a request to terminate; its reason is an `InterruptedError`. */
  readonly signal: AbortSignal;
}

/** The environment of the process that is running. */
export function processEnvironment(signal: AbortSignal): Environment {
  return {
    args: process.argv.slice(2),
    variables: process.env,
    workingDirectory: process.cwd(),
    platform: process.platform,
    userId: process.getuid?.(),
    homeDirectory: process.env['HOME'] || homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
  };
}
