import type { Environment, OutputStream } from '../environment.ts';
import { hasColors, type Style, styleFor } from './style.ts';
import { jsonText, printable, printableStyled } from './text.ts';

/** What a command has to say when it is done. */
export interface CommandResult {
  /** The one document of `--json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The lines for a person. */
  readonly human: (style: Style) => readonly string[];
  /** What a script wants that asked for nothing else (`--quiet`): a path, an id. Nothing where there is none. */
  readonly quiet?: string | undefined;
}

/** How a run speaks. */
export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/**
 * Where a run speaks: the result to standard output, everything else to standard error. With `--json` standard output
 * has exactly one document.
 */
export interface Output {
  readonly options: OutputOptions;
  /** The style of messages. */
  readonly style: Style;
  /** Says the result. Called once. */
  result(result: CommandResult): void;
  /** Says something by the way. Not with `--quiet`. */
  note(message: string): void;
  /** Says something that should not be missed, even with `--quiet`. */
  warn(message: string): void;
  /** Says something for who looks closely (`--verbose`). */
  detail(message: string): void;
  /** Shows or, with undefined, removes the line at the bottom of the terminal. */
  status(line: string | undefined): void;
}

/** Makes the output of a run. */
export function createOutput(
  environment: Pick<Environment, 'stdout' | 'stderr' | 'variables'>,
  options: OutputOptions,
): Output {
  const { stdout, stderr, variables } = environment;
  const style = styleFor(stderr, variables);
  const canShowStatus =
    stderr.isTTY === true && variables['TERM'] !== 'dumb' && !options.quiet && !options.json;
  let shown = false;

  const clear = (): void => {
    if (shown) stderr.write('\r\u001b[2K');
    shown = false;
  };
  const say = (message: string): void => {
    clear();
    stderr.write(`${message}\n`);
  };

  return {
    options,
    style,
    result: (result) => {
      clear();
      if (options.json) {
        stdout.write(`${jsonText(result.json)}\n`);
      } else if (options.quiet) {
        if (result.quiet !== undefined) stdout.write(`${result.quiet}\n`);
      } else {
        const safe = hasColors(stdout, variables) ? printableStyled : printable;
        for (const line of result.human(styleFor(stdout, variables))) stdout.write(`${safe(line)}\n`);
      }
    },
    note: (message) => {
      if (!options.quiet) say(printable(message));
    },
    warn: (message) => say(`${style.yellow('warning:')} ${printable(message)}`),
    detail: (message) => {
      if (options.verbose) say(style.dim(printable(message)));
    },
    status: (line) => {
      if (!canShowStatus) return;
      clear();
      if (line === undefined) return;
      stderr.write(fit(line, stderr));
      shown = true;
    },
  };
}

/** Cuts a line so that it does not wrap, because a wrapped line could not be removed again. */
function fit(line: string, stream: OutputStream): string {
  const width = (stream.columns || 80) - 1;
  return line.length > width ? line.slice(0, Math.max(0, width)) : line;
}
