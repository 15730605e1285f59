import { randomUUID } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ProgramError } from './program-error.ts';

/** The environment variables that say where a platform keeps a program's data. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The folder in which a registry lives unless it is told another: the platform's data folder and the program's name. */
export function defaultDataDir(
  platform: NodeJS.Platform,
  env: Environment,
  home: string = homedir(),
): string {
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'warg-server');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'warg-server');
    default: {
      // The XDG specification says to ignore a relative path.
      const base = env['XDG_DATA_HOME'];
      return join(
        base !== undefined && isAbsolute(base) ? base : join(home, '.local', 'share'),
        'warg-server',
      );
    }
  }
}

/**
 * Makes a folder that only its owner can read, and tries whether it can be written.
 *
 * @throws ProgramError saying which folder and what to do
 */
export async function prepareDir(dir: string, option: string): Promise<void> {
  const probe = join(dir, `.writable-${randomUUID()}`);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await (await open(probe, 'w', 0o600)).close();
    await unlink(probe);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ProgramError(
      `cannot write in the folder \`${dir}\` (${reason}): give the registry another one with ${option}, or make this one writable`,
      { cause: error },
    );
  }
}
