import type { ClientError, ClientErrorCode, ClientErrorDetails } from '@warg/client';
import { WargError } from '@warg/crypto';
import { CliError, InterruptedError, UsageError } from '../errors.ts';
import type { Style } from './style.ts';
import { printable } from './text.ts';

/** An error as it is shown, and what the process ends with. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** More for programs: the names, digests and ids that the error is about. */
  readonly details: ClientErrorDetails | undefined;
  /** 1 for a failure, 2 for a command that makes no sense, 128 and the signal's number for an interruption. */
  readonly exitCode: number;
  /** For who is looking for a mistake in the program itself. */
  readonly stack: string | undefined;
}

/** The code of an error that nobody foresaw: a mistake in the program. */
const INTERNAL = 'INTERNAL';

const SOMEBODY_ELSE =
  'Somebody else answers under this name, or the registry was set up anew. Ask its operator; only if the change ' +
  'is right, forget the old operator with `warg reset --forget-operator`, and pin the new one with --operator-key.';

const HINTS: { readonly [code in ClientErrorCode]?: string } = {
  OFFLINE: 'Leave --offline out to ask the registry.',
  DESTINATION_EXISTS: 'Give another file with --output, or overwrite it with --force.',
  INSECURE_URL: 'Use https. Plain http is for registries on this machine.',
  NETWORK_FAILED: 'Is the registry running, and is its address right? `warg config` shows the home registry.',
  TIMEOUT: 'Try again later; nothing that was verified before is lost.',
  RESPONSE_INVALID: 'Is this the address of a Warg registry?',
  UNAUTHORIZED: 'The registry lets only those in who have the right token or key.',
  OPERATOR_PIN_MISMATCH: SOMEBODY_ELSE,
  CHECKPOINT_SIGNER_REFUSED: SOMEBODY_ELSE,
  CHECKPOINT_TOO_OLD: 'The registry has not signed anything for longer than --max-checkpoint-age allows.',
  CHECKPOINT_FROM_FUTURE: 'Check the clock of this machine.',
  CHECKPOINT_ROLLED_BACK:
    'The registry shows an older state than it has shown before. If its operator restored a backup, start afresh ' +
    'with `warg reset`.',
  CHECKPOINT_CONTRADICTS:
    'The operator signed two states that cannot both be true. Tell others: `warg evidence` shows what is kept, and makes ' +
    'a file of it that convinces anybody who knows the operator.',
  EVIDENCE_INVALID: 'It proves nothing against the operator who is named, whatever else it may be.',
  LOG_VANISHED:
    'The registry denies a package that it has shown before. If it is a private one, your token may no longer be for it.',
  NOT_STORED: 'Nothing is stored of it yet; leave --offline out to ask the registry.',
  PACKAGE_NOT_FOUND:
    'Check the name and the registry; some registries hide packages from those who may not see them.',
  VERSION_YANKED: 'Its publishers withdrew this version. Choose another one: `warg info PACKAGE` lists them.',
  CONTENT_UNAVAILABLE: 'The record is proved, but no source delivered its content. Try again later.',
  CONTENT_WITHDRAWN:
    'The record stays proved, but the registry has a reason not to hand out its content. Another version may be to be had: ' +
    '`warg info PACKAGE` lists them.',
  CONTENT_MISMATCH:
    'It is not what was published. A copy in the content folder is fetched anew without --offline; else the source ' +
    'is to be asked what it delivers.',
  CONTENT_MISSING: 'Release the file again: its copy in the content cache is gone.',
  SIGNER_MISSING:
    'Make a signing key with `warg key new`, or give one in WARG_SIGNING_KEY or WARG_SIGNING_KEY_FILE.',
  VERSION_NOT_FOUND: '`warg info PACKAGE` lists its versions, yanked ones too.',
  PACKAGE_NOT_INITIALIZED: 'Initialize it with `warg publish init PACKAGE`.',
  PACKAGE_EXISTS: 'Release a version of it with `warg publish release`.',
  PUBLISH_HEAD_MOVED: 'Somebody else published meanwhile. Try again.',
  PUBLISH_CONFLICT: 'Others keep publishing to this package. Try again in a while.',
  PUBLISH_TIMEOUT: 'The record stays submitted: `warg publish wait PACKAGE RECORD` waits for it.',
  PENDING_EXISTS: 'Submit it with `warg publish submit`, or forget it with `warg publish abort`.',
  PENDING_MISSING: 'Begin one with `warg publish start PACKAGE`.',
  STORAGE_CORRUPT:
    'What is stored can be fetched again: `warg reset`, or `warg reset --forget-operator` where whom to trust is ' +
    'damaged, too.',
  STORAGE_FORMAT_UNKNOWN:
    'A newer version of warg wrote it. Use that one, or start afresh with `warg reset`.',
  STORAGE_LOCKED: 'Another warg is at work on the same registry. Try again when it is done.',
};

const TOKEN_HINTS: { readonly [problem in NonNullable<ClientErrorDetails['token']>]: string } = {
  missing: 'Ask the operator of the registry for a token, and give it to `warg login`.',
  refused: 'It may have expired or been revoked. `warg login` replaces it with another one.',
  insufficient: 'Ask the operator of the registry for a token that may do this, and give it to `warg login`.',
};

/** Errors that say that the caller gave something that cannot be. */
const USAGE_CODES: ReadonlySet<string> = new Set<ClientErrorCode>([
  'INVALID_REGISTRY',
  'INVALID_OPERATOR_KEY',
  'INVALID_NAME',
  'INVALID_VERSION',
  'INSECURE_URL',
]);

/** Says what an error means to the user. */
export function describeError(error: unknown): ErrorReport {
  const stack = error instanceof Error ? stackOf(error) : undefined;
  if (!(error instanceof WargError)) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      code: INTERNAL,
      message: `something unexpected happened: ${printable(message)}`,
      hint: 'This is a mistake in warg itself. Please report it with what WARG_DEBUG=1 shows.',
      details: undefined,
      exitCode: 1,
      stack,
    };
  }
  return {
    code: error.code,
    message: printable(error.message),
    hint: hintFor(error),
    details: detailsOf(error),
    exitCode: exitCodeOf(error),
    stack,
  };
}

/** The lines of an error for a person. */
export function formatError(report: ErrorReport, style: Style, debug: boolean): readonly string[] {
  return [
    `${style.red('error:')} ${report.message}`,
    ...(report.hint === undefined ? [] : [`${style.cyan('hint:')} ${report.hint}`]),
    ...(debug && report.stack !== undefined
      ? report.stack.split('\n').map((line) => style.dim(printable(line)))
      : []),
  ];
}

/** The document of an error for a program. */
export function errorDocument(report: ErrorReport, debug: boolean): Readonly<Record<string, unknown>> {
  const { code, message, hint, details, stack } = report;
  return { error: { code, message, hint, details, ...(debug ? { stack } : {}) } };
}

function hintFor(error: WargError): string | undefined {
  const hint = rawHint(error);
  return hint === undefined ? undefined : printable(hint);
}

function rawHint(error: WargError): string | undefined {
  if (error instanceof CliError) return error.hint;
  const problem = detailsOf(error)?.token;
  if (problem !== undefined) return TOKEN_HINTS[problem];
  const elsewhere = detailsOf(error)?.hint;
  if (error.code === 'PACKAGE_NOT_FOUND' && elsewhere !== undefined) {
    const { registry, namespace } = elsewhere;
    return `The registry says that ${registry} has the packages of ${namespace}: --registry.`;
  }
  if (error.code === 'NETWORK_FAILED' && isHttpsHere(detailsOf(error)?.url)) {
    return `${HINTS.NETWORK_FAILED} One on this machine that speaks plain http needs the http:// in its address.`;
  }
  if (error.code === 'PUBLISH_REFUSED' && codeOf(error.cause) === 'NAMESPACE_NOT_DEFINED') {
    return '`warg info` lists the namespaces of the registry; its operator adds one with `warg-server --namespace`.';
  }
  const evidence = detailsOf(error)?.evidence;
  if (error.code === 'CHECKPOINT_CONTRADICTS' && evidence !== undefined) {
    return `Tell others: \`warg evidence ${evidence} --output evidence.json\` makes a file that convinces anybody who knows the operator.`;
  }
  return HINTS[error.code as ClientErrorCode];
}

/** A registry on this machine is reached by https where its address was given without a scheme. */
function isHttpsHere(url: string | undefined): boolean {
  return url !== undefined && /^https:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(url);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof WargError ? error.code : undefined;
}

/** What an error of the client carries. The client's code is not loaded for this: it may not have been needed. */
function detailsOf(error: WargError): ClientErrorDetails | undefined {
  const { details } = error as Partial<ClientError>;
  return typeof details === 'object' && Object.keys(details).length > 0 ? { ...details } : undefined;
}

function exitCodeOf(error: WargError): number {
  if (error instanceof InterruptedError) return error.exitCode;
  return error instanceof UsageError || USAGE_CODES.has(error.code) ? 2 : 1;
}

function stackOf(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
