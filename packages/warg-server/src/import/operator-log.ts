import { quote } from '@warg/crypto';
import type { RecordId } from '@warg/protocol';
import { ImportError } from './errors.ts';

/** Who begun another registry's operator log, and who may do what there now. */
export interface ForeignOperator {
  /** The id of its first record, which holds for ever. */
  readonly firstRecord: RecordId;
  /** The id of the key that signed this record. */
  readonly firstKey: string;
  /** In the order in which they came; those that were revoked have no permission. */
  readonly keys: readonly { readonly keyId: string; readonly permissions: readonly string[] }[];
}

/** What is known of the registry that is meant. */
export interface KnownOperator {
  /** The id of the key with which this registry will sign. */
  readonly operatorKeyId: string;
  /** The id of the first record of the operator log, or of the key that signed it; undefined if nobody has given any. */
  readonly operatorLog: string | undefined;
  /** Whether something else says which log it is: records in the store, or what this registry is known to have signed. */
  readonly isKnown: boolean;
}

/**
 * Makes sure that an operator log is the one that is meant. That it lets our key sign says little: whoever begins a log can add
 * anybody's key to it, and it looks like that of a registry whose operator went on to another key.
 *
 * @throws ImportError `IMPORT_OPERATOR_LOG_UNKNOWN`
 */
export function requireMeant(
  url: string,
  operator: ForeignOperator,
  { operatorKeyId, operatorLog, isKnown }: KnownOperator,
): void {
  const { firstRecord, firstKey } = operator;
  if (operatorLog !== undefined) {
    if (operatorLog === firstRecord || operatorLog === firstKey) return;
    throw new ImportError(
      'IMPORT_OPERATOR_LOG_UNKNOWN',
      `the registry at ${url} is not the one that is meant: expected an operator log that begins with the record or the key ` +
        `${quote(operatorLog)}, found one that ${begins(operator)}`,
    );
  }
  if (isKnown || firstKey === operatorKeyId) return;
  throw new ImportError(
    'IMPORT_OPERATOR_LOG_UNKNOWN',
    `the operator log of the registry at ${url} was begun by another key than yours, ${operatorKeyId}, and lets yours sign. That is ` +
      'so where an operator has gone on to another key, and where a stranger has added yours to a log of his own. Expected ' +
      `to be told which one is meant, found an operator log that ${begins(operator)}`,
  );
}

function begins({ firstRecord, firstKey, keys }: ForeignOperator): string {
  const others = keys.map(({ keyId, permissions }) => `${keyId} (${permissions.join(', ') || 'revoked'})`);
  const shown = others.length > 20 ? [...others.slice(0, 20), `and ${others.length - 20} more`] : others;
  return `begins with the record ${firstRecord}, signed by the key ${firstKey}, and has the keys ${shown.join(', ')}`;
}
