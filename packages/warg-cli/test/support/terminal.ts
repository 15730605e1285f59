import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/warg.js', import.meta.url));

/** Whether this machine can pretend to be a terminal: `script` of util-linux is there. */
export const hasTerminal =
  process.platform === 'linux' &&
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** What somebody at a terminal types, once they see a text. */
export interface Typing {
  readonly when: string;
  readonly type: string;
}

/** What somebody at a terminal saw. */
export interface Session {
  readonly code: number | null;
  /** Everything that was shown, with its control sequences. */
  readonly raw: string;
  /** The words alone. */
  readonly screen: string;
}

/** Runs `warg` on a terminal of 100 columns. */
export async function onTerminal(
  args: readonly string[],
  options: {
    readonly folder: string;
    readonly variables: Readonly<Record<string, string>>;
    readonly typing?: Typing;
  },
): Promise<Session> {
  const command = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty cols 100 rows 40; exec ${command}`, '/dev/null'], {
    cwd: options.folder,
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...options.variables },
  });
  let raw = '';
  let typed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    raw += chunk.toString('utf8');
    if (options.typing !== undefined && !typed && raw.includes(options.typing.when)) {
      typed = true;
      child.stdin.write(options.typing.type);
    }
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return { code, raw, screen: raw.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r\n', '\n') };
}
