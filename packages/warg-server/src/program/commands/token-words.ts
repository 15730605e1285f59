import type { AccessTokenRow } from '../../store/rows.ts';

/** A token as it is listed. Times are ISO 8601. */
export interface TokenDocument {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  /** `['*']` for all */
  readonly namespaces: readonly string[];
  readonly state: 'good' | 'expired' | 'revoked';
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the hour. */
  readonly lastUsedAt: string | null;
}

export function tokenDocument(row: AccessTokenRow, now: number): TokenDocument {
  const isExpired = row.expiresAt !== undefined && row.expiresAt <= now;
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    namespaces: row.namespaces ?? ['*'],
    state: row.revokedAt !== undefined ? 'revoked' : isExpired ? 'expired' : 'good',
    createdAt: iso(row.createdAt)!,
    expiresAt: iso(row.expiresAt),
    revokedAt: iso(row.revokedAt),
    lastUsedAt: iso(row.lastUsedAt),
  };
}

/** The tokens as lines of columns, with a heading; says so if there are none. */
export function tokenTable(tokens: readonly TokenDocument[]): string {
  if (tokens.length === 0) return 'there are no tokens\n';
  const rows = [
    ['id', 'may', 'namespaces', 'state', 'expires', 'last used', 'name'],
    ...tokens.map((token) => [
      token.id,
      token.scope,
      token.namespaces.join(','),
      token.state,
      day(token.expiresAt) ?? 'never',
      day(token.lastUsedAt) ?? 'never',
      token.name,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

function day(time: string | null): string | undefined {
  return time?.slice(0, 10);
}
