import { isDigest, quote, WargError } from '@warg/crypto';
import { isNamespace, isPackageName, namespaceOf } from '@warg/protocol';
import { unauthorized } from '@warg/protocol/api';
import { parse } from 'smol-toml';
import type { RecordPolicy } from '../registry/core-options.ts';

/** A file of authorized keys that cannot be understood. Its code is `INVALID_AUTHORIZED_KEYS`. */
export class AuthorizedKeysError extends WargError {
  declare readonly code: 'INVALID_AUTHORIZED_KEYS';

  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_AUTHORIZED_KEYS', message, options);
  }
}

/** Who may publish to a namespace or a package. */
interface Authorization {
  readonly keys: ReadonlySet<string>;
  /** Whether keys that a package's own log has granted rights to may publish too, though not start a package. */
  readonly delegation: boolean;
}

/**
 * Reads the reference's record policy: which keys, by key id, may publish to which namespaces and packages. Whoever is
 * not named may publish nothing.
 *
 * @param toml tables `[namespace.NAME]` and `[package."NAMESPACE:NAME"]`, each with `keys` and an optional `delegation`
 * @throws AuthorizedKeysError
 *
 * @example
 * const recordPolicy = parseAuthorizedKeys(`
 *   [namespace.example]
 *   keys = ["sha256:2f5e…"]
 *   delegation = true
 * `);
 */
export function parseAuthorizedKeys(toml: string): RecordPolicy {
  let document: unknown;
  try {
    document = parse(toml);
  } catch (cause) {
    throw new AuthorizedKeysError(`the file is not TOML: ${(cause as Error).message}`, { cause });
  }
  const root = tableOf(document, 'the file', ['namespace', 'package']);
  const namespaces = authorizationsOf(root['namespace'], 'namespace', isNamespace);
  const packages = authorizationsOf(root['package'], 'package', isPackageName);
  return {
    check({ packageName, envelope, record }) {
      const found = [namespaces.get(namespaceOf(packageName)), packages.get(packageName)];
      for (const { type } of record.entries) {
        const allowed = found.some(
          (each) =>
            each !== undefined && ((each.delegation && type !== 'init') || each.keys.has(envelope.keyId)),
        );
        if (!allowed) {
          throw unauthorized(
            `key id \`${envelope.keyId}\` is not authorized to publish to package \`${packageName}\``,
          );
        }
      }
    },
  };
}

function authorizationsOf(
  value: unknown,
  what: string,
  isName: (name: string) => boolean,
): ReadonlyMap<string, Authorization> {
  if (value === undefined) return new Map();
  const table = tableOf(value, `\`${what}\``);
  return new Map(
    Object.entries(table).map(([name, entry]) => {
      if (!isName(name)) throw new AuthorizedKeysError(`${quote(name)} is not the name of a ${what}`);
      return [name, authorizationOf(entry, `${what} \`${name}\``)];
    }),
  );
}

function authorizationOf(value: unknown, what: string): Authorization {
  const { keys, delegation = false } = tableOf(value, what, ['keys', 'delegation']);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string' && isDigest(key))) {
    throw new AuthorizedKeysError(
      `${what} needs \`keys\`, a list of key ids (\`sha256:\` and 64 hex digits)`,
    );
  }
  if (typeof delegation !== 'boolean') {
    throw new AuthorizedKeysError(`\`delegation\` of ${what} must be true or false`);
  }
  return { keys: new Set(keys), delegation };
}

function tableOf(
  value: unknown,
  what: string,
  members?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date) {
    throw new AuthorizedKeysError(`${what} must be a table`);
  }
  const unknown = Object.keys(value).find((key) => members !== undefined && !members.includes(key));
  if (unknown !== undefined) {
    throw new AuthorizedKeysError(`${what} has an unknown member ${quote(unknown)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}
