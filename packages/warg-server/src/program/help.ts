import { type Command, Help, type Option } from 'commander';

/** Makes a command's help say things like that of every other command. */
export function helpAlike(command: Command): void {
  const usual = new Help();
  command.configureHelp({
    // How the answer is printed is the last thing said, whatever else a command has.
    visibleOptions: (of) => {
      const options = usual.visibleOptions(of);
      const last = (option: Option) => (option.long === '--help' ? 2 : option.long === '--json' ? 1 : 0);
      return options.toSorted((a, b) => last(a) - last(b));
    },
    optionDescription: (option) => {
      const { description, argChoices, envVar } = option;
      const more = [
        ...(argChoices === undefined
          ? []
          : [`choices: ${argChoices.map((each) => JSON.stringify(each)).join(', ')}`]),
        ...defaultOf(option),
        ...(envVar === undefined ? [] : [`env: ${envVar}`]),
      ];
      return `${description}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
    },
  });
}

/** What holds where an option is not given, in its own words if it has any. Of a flag, that goes without saying. */
function defaultOf({ required, optional, defaultValue, defaultValueDescription }: Option): string[] {
  if (!required && !optional) return [];
  if (defaultValueDescription !== undefined) return [`default: ${defaultValueDescription}`];
  const value: unknown = defaultValue;
  return value === undefined || value === '' ? [] : [`default: ${JSON.stringify(value)}`];
}

/** The end of a help: commands as one would type them. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return `\n${title}:\n\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
