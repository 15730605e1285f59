import { type Command, Option } from 'commander';
import type { WasmKind } from '../../policy/content/wasm-policy.ts';
import { collectContentKinds, collectSourceHosts } from '../option-values.ts';

/** Who may publish what. */
export interface PolicyOptions {
  readonly authorizedKeysFile?: string;
  /** Empty for anything. */
  readonly contentKind: readonly WasmKind[];
  readonly contentSourceHost: readonly string[];
}

/** Adds these options to a command. */
export function addPolicyOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--authorized-keys-file <file>', 'TOML file that says which keys may publish what').env(
        'WARG_AUTHORIZED_KEYS_FILE',
      ),
    )
    .addOption(
      new Option(
        '--content-kind <kinds>',
        'take only valid `module`, `component` or `wit-package`; may be repeated, or hold commas',
      )
        .env('WARG_CONTENT_KIND')
        .default([], 'anything')
        .argParser(collectContentKinds),
    )
    .addOption(
      new Option(
        '--content-source-host <host>',
        'fetch content from this host if a publisher names it there, `*.example` for all below; may be repeated',
      )
        .env('WARG_CONTENT_SOURCE_HOST')
        .default([], 'none')
        .argParser(collectSourceHosts),
    );
}
