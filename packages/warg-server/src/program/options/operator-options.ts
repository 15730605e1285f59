import { type Command, Option } from 'commander';
import { collectImports, collectNamespaces, type ImportedNamespace } from '../option-values.ts';

/** With what the registry signs, and which namespaces it has. */
export interface OperatorOptions {
  readonly operatorKey?: string;
  readonly operatorKeyFile?: string;
  /** A program that signs. */
  readonly operatorSigner?: string;
  readonly operatorPublicKey?: string;
  readonly namespace: readonly string[];
  readonly importNamespace: readonly ImportedNamespace[];
}

/** Adds the options for a key of the operator to a command. */
export function addOperatorKeyOptions(command: Command, file: string): Command {
  return command
    .addOption(new Option('--operator-key-file <file>', file).env('WARG_OPERATOR_KEY_FILE'))
    .addOption(
      new Option('--operator-key <key>', 'the key itself; prefer the file, other users can see command lines')
        .env('WARG_OPERATOR_KEY')
        .conflicts('operatorKeyFile'),
    );
}

export function operatorPublicKeyOption(description: string): Option {
  return new Option('--operator-public-key <key>', description).env('WARG_OPERATOR_PUBLIC_KEY');
}

/** Adds these options to a command. */
export function addOperatorOptions(command: Command): Command {
  return addOperatorKeyOptions(command, 'file with the key with which the registry signs')
    .addOption(
      new Option(
        '--operator-signer <program>',
        'program that signs in place of a key, such as one that asks an HSM: bytes in, signature out',
      ).env('WARG_OPERATOR_SIGNER'),
    )
    .addOption(operatorPublicKeyOption('the public key that the program signs with'))
    .addOption(
      new Option('--namespace <name>', 'namespace that the registry has; may be repeated, or hold commas')
        .env('WARG_NAMESPACE')
        .default([], 'none')
        .argParser(collectNamespaces),
    )
    .addOption(
      new Option('--import-namespace <name=registry>', 'namespace that another registry has; may be repeated')
        .env('WARG_IMPORT_NAMESPACE')
        .default([], 'none')
        .argParser(collectImports),
    );
}
