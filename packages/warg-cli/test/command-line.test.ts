import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../src/program.ts';
import { testEnvironment } from './support/environment.ts';
import { runHere } from './support/run.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Every command, as the words that call it. */
function allCommands(): string[][] {
  const found: string[][] = [];
  const walk = (command: ReturnType<typeof buildProgram>, words: string[]): void => {
    // Some that have commands of their own do something without one: they take an argument.
    if (command.commands.length === 0 || command.registeredArguments.length > 0) found.push(words);
    for (const sub of command.commands) walk(sub, [...words, sub.name()]);
  };
  walk(
    buildProgram(testEnvironment(), async () => {}, { write: () => {}, complain: () => {} }),
    [],
  );
  return found;
}

describe('the command line', () => {
  it('has the commands of the reference’s main flow, and its own', () => {
    const names = allCommands().map((words) => words.join(' '));
    expect(names).toEqual([
      'config',
      ...['new', 'info', 'set', 'delete'].map((name) => `key ${name}`),
      'login',
      'logout',
      ...['init', 'release', 'yank', 'grant', 'revoke', 'start', 'list', 'submit', 'abort', 'wait'].map(
        (name) => `publish ${name}`,
      ),
      'download',
      'info',
      'update',
      'evidence',
      'evidence verify',
      'reset',
      'clear',
    ]);
  });

  it.each(allCommands().map((words) => [words.join(' '), words] as const))(
    'warg %s has help with an example, and the options that all commands have',
    async (_name, words) => {
      const help = await runHere([...words, '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`Usage: warg ${words.join(' ')}`);
      expect(help.stdout).toContain(`  $ warg ${words.join(' ')}`);
      for (const option of ['--registry', '--config', '--json', '--quiet', '--verbose']) {
        expect(help.stdout).toContain(option);
      }
    },
  );

  it('says which settings are there for the Rust warg alone', async () => {
    const { stdout } = await runHere(['config', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ').match(/without effect here/g)).toHaveLength(3);
  });

  it('prints the version', async () => {
    for (const args of [['--version'], ['-V'], ['update', '--version'], ['key', 'new', '-V']]) {
      expect(await runHere(args)).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('shows help and ends with 2 where a command is missing', async () => {
    for (const args of [[], ['key'], ['publish']]) {
      const run = await runHere(args);
      expect(run).toMatchObject({ code: 2, stdout: '' });
      expect(run.stderr).toContain('Usage: warg');
    }
    expect(await runHere(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: warg'),
    });
    expect(await runHere(['help', 'publish'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('yank'),
    });
  });

  it('suggests what may have been meant', async () => {
    const run = await runHere(['downlaod', 'example:hello']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toBe("error: unknown command 'downlaod'\nhint: Did you mean download?\n");
    expect((await runHere(['publish', 'relaese'])).stderr).toContain('Did you mean release?');
    expect((await runHere(['key', 'new', '--registy', 'x'])).stderr).toContain('Did you mean --registry?');
  });

  it.each([
    ['unknown command', ['nonsense']],
    ['unknown option', ['key', 'new', '--nonsense']],
    ['too many arguments', ['key', 'info', 'more']],
    ['no argument', ['download']],
    ['an option without its value', ['key', 'new', '--registry']],
    ['no package', ['download', 'hello']],
    ['no version', ['download', 'example:hello@latest']],
    ['two versions', ['download', 'example:hello@1.0.0', '--version', '2.0.0']],
    [
      'no permission',
      [
        'publish',
        'grant',
        'a:b',
        'ecdsa-p256:AkfXKaZAFb74yq0dlig0hv+7oVz3d04sdBeRz6+k9an3',
        '--permission',
        'x',
      ],
    ],
    ['no record', ['publish', 'wait', 'a:b', 'record']],
    ['no path', ['publish', 'release', 'a:b@1.0.0']],
    ['--json and a component on standard output', ['download', 'a:b', '--output', '-']],
    ['no command', []],
  ])('ends with 2 and one document for %s', async (_what, args) => {
    const run = await runHere(['--json', ...args]);
    expect(run).toMatchObject({ code: 2, stderr: '', json: { error: { code: 'USAGE' } } });
  });

  it('ends with 1 where no registry is named', async () => {
    for (const args of [
      ['download', 'a:b'],
      ['info'],
      ['info', 'a:b'],
      ['update'],
      ['reset'],
      ['publish', 'init', 'a:b'],
    ]) {
      expect(await runHere([...args, '--json'])).toMatchObject({
        code: 1,
        json: { error: { code: 'NO_REGISTRY' } },
      });
    }
  });

  it('takes the common options before and after the command; the last one holds', async () => {
    const before = await runHere(['--json', '--registry', 'a.example', 'config']);
    expect(before.json).toMatchObject({ effective: { registry: 'https://a.example/' } });
    const both = await runHere(['--registry', 'a.example', 'config', '--registry', 'b.example', '--json']);
    expect(both.json).toMatchObject({ effective: { registry: 'https://b.example/' } });
  });

  it('shows no stack for a mistake, unless WARG_DEBUG=1', async () => {
    const args = ['key', 'info'];
    expect((await runHere(args)).stderr).not.toContain('    at ');
    expect((await runHere(args, { variables: { WARG_DEBUG: '1' } })).stderr).toContain('    at ');
  });

  it('ends with 130 when it is interrupted', async () => {
    const controller = new AbortController();
    controller.abort();
    expect(await runHere(['key', 'set', '--json'], { signal: controller.signal })).toMatchObject({
      code: 130,
      json: { error: { code: 'INTERRUPTED' } },
    });
  });
});

it.runIf(existsSync('/dev/full'))('says that what it found out could not be written', () => {
  const program = fileURLToPath(new URL('../bin/warg.js', import.meta.url));
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [program, '--version'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: cannot write to standard output: .*ENOSPC/);
});
