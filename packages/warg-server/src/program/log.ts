import { styleText } from 'node:util';
import { destination, type Logger, pino } from 'pino';

export type LogLevel = 'info' | 'debug' | 'trace';

/** Where log lines go: standard error, usually. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Fields that never reach a log, should one of them ever be handed to it. */
const secretFields = [
  'operatorKey',
  'privateKey',
  'authorization',
  'databaseUrl',
  '*.databaseUrl',
  '*.operatorKey',
  '*.privateKey',
  '*.authorization',
  '*.headers.authorization',
];

/**
 * Makes the program's log: lines for people on a terminal, JSON otherwise. Standard output is left to what a script reads.
 *
 * @example
 * createLog('info', process.stderr).info({ url }, 'listening');
 */
export function createLog(level: LogLevel, output: LogOutput): Logger {
  const options = { level, base: null, redact: { paths: secretFields, censor: '[redacted]' } };
  if (output.isTTY !== true) {
    // Written at once, so that the last line before an exit is not lost.
    return output === process.stderr
      ? pino(options, destination({ dest: 2, sync: true }))
      : pino(options, output);
  }
  return pino(options, { write: (line: string) => output.write(prettyLine(line, styleText)) });
}

type Styler = typeof styleText;

const levels: Record<number, readonly [name: string, colour: Parameters<Styler>[0]]> = {
  10: ['trace', 'gray'],
  20: ['debug', 'blue'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};

/** Turns one of pino's JSON lines into one for a terminal. Exported for its test. */
export function prettyLine(line: string, style: Styler): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const [name, colour] = levels[Number(level)] ?? ['log', 'white'];
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const parts = [style('gray', clock), style(colour, name.padEnd(5)), visible(String(msg ?? ''))];
  for (const [key, value] of Object.entries(fields)) {
    parts.push(style('gray', `${key}=`) + visible(typeof value === 'string' ? value : JSON.stringify(value)));
  }
  const lines = [parts.join(' ')];
  if (typeof err === 'object' && err !== null && 'stack' in err) {
    for (const frame of String(err.stack).split('\n'))
      lines.push(style('gray', `         ${visible(frame)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Escapes what could move a terminal's cursor: parts of a log line come from requests. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be escaped
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
}
