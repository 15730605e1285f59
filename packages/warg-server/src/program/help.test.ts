import { describe, expect, it } from 'vitest';
import { allCommands, buildProgram } from './build-program.ts';
import { commands } from './commands/commands.ts';
import type { ProgramHost } from './host.ts';

const program = buildProgram({ version: '1.2.3', env: {} } as ProgramHost);

function helpOf(command: (typeof program)['commands'][number]): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 300,
  });
  command.outputHelp();
  return text;
}

const all = allCommands(program).map((command) => ({
  name: [command.parent?.parent?.name(), command.parent?.name(), command.name()].filter(Boolean).join(' '),
  command,
}));

describe.each(all)('$name --help', ({ name, command }) => {
  const help = helpOf(command);
  const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);

  it('says what it does, and ends with an example of that', () => {
    expect(command.description()).toMatch(/\w{3}/);
    const [, examples] = /\nExamples?:\n\n((?: {2}.*\n)+)\n?$/.exec(help) ?? [];
    expect(examples, help).toBeDefined();
    expect(examples).toMatch(new RegExp(`^ {2}${name}( |$)`, 'm'));
  });

  it('says nothing that goes without saying', () => {
    expect(help).not.toMatch(/default: (?:not|false|true|""|0\b)/);
    // One pair of parentheses for what holds by default and from where else it is taken.
    expect(help).not.toMatch(/\) \((?:env|default|choices): /);
  });

  it('has --json last before --help', () => {
    expect(options.at(-1)).toBe('--help');
    if (options.includes('--json')) expect(options.at(-2)).toBe('--json');
  });

  it('says which variable an option has', () => {
    for (const { hidden, envVar, flags } of command.options)
      if (!hidden && envVar !== undefined) expect(help, flags).toContain(`env: ${envVar})`);
  });
});

describe('the commands that print data', () => {
  /** Those that say that something was done, and no more. */
  const saying = ['content withdraw', 'content restore', 'token revoke'].map((name) => `warg-server ${name}`);

  it('print it as JSON, too', () => {
    const leaves = all.filter(({ command }) => command.commands.length === 0);
    expect(leaves.length).toBeGreaterThan(commands.length);
    const without = leaves.filter(({ command }) => !command.options.some(({ long }) => long === '--json'));
    expect(without.map(({ name }) => name).sort()).toEqual(saying.toSorted());
  });
});
