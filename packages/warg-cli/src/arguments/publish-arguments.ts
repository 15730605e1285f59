import { UsageError } from '../errors.ts';
import { parseExactVersion, parsePackage, parsePackageSpec } from './parsers.ts';

/** What the commands below `publish` are given: a package by `--name` or as the first argument. */
export interface NamedArguments {
  readonly name: string;
  /** What stands after the `@` of the first argument. */
  readonly version: string | undefined;
  /** The arguments after the package. */
  readonly rest: readonly string[];
}

/**
 * Finds the package among a command's arguments: `--name example:hello PATH` as in the reference, or
 * `example:hello PATH`.
 *
 * @param given the arguments, undefined for those that were left out
 * @param named the value of `--name`
 * @param rest the names of the arguments that follow, for the message
 * @throws UsageError if something is missing or left over
 */
export function takePackage(
  given: readonly (string | undefined)[],
  named: string | undefined,
  rest: readonly string[] = [],
): NamedArguments {
  const args = given.filter((argument) => argument !== undefined);
  const expected = rest.length + (named === undefined ? 1 : 0);
  if (args.length !== expected) {
    const shape = [...(named === undefined ? ['PACKAGE'] : []), ...rest].join(' ');
    throw new UsageError(
      `expected ${shape === '' ? 'no argument' : shape}, found ${args.length === 0 ? 'nothing' : args.join(' ')}`,
      { hint: 'The package is an argument, or the value of --name. `--help` shows examples.' },
    );
  }
  if (named !== undefined) return { name: parsePackage(named), version: undefined, rest: args };
  const [first = '', ...others] = args;
  const { name, version } = parsePackageSpec(first);
  return { name, version, rest: others };
}

/**
 * Finds the version that a command is about: `--version 1.2.0`, or `example:hello@1.2.0`.
 *
 * @throws UsageError if there is none, or two that differ
 */
export function requireVersion({ version }: NamedArguments, given: string | undefined): string {
  if (version !== undefined && given !== undefined && version !== given) {
    throw new UsageError(`--version ${given} and the @${version} of the package do not agree`);
  }
  const text = given ?? version;
  if (text === undefined) {
    throw new UsageError('no version is named', {
      hint: 'Name it with --version 1.2.0, or as example:hello@1.2.0.',
    });
  }
  return parseExactVersion(text);
}

/** Refuses a version where none belongs. @throws UsageError */
export function refuseVersion({ name, version }: NamedArguments): void {
  if (version !== undefined) {
    throw new UsageError(`a version has no place here, found @${version}`, {
      hint: `Give the name alone: ${name}.`,
    });
  }
}
