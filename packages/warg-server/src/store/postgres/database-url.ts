/** Where the database is. The password never leaves `secret`. */
export interface DatabaseUrl {
  /** The URL as it was given, for the driver alone. */
  readonly secret: string;
  /** Host and database, for messages and logs. */
  readonly name: string;
}

/** Host, or hosts, and database, with nothing that could be a part of a password. */
const PLACE = /^[\w.,:[\]%-]*\/[\w.%-]*(?=$|\?)/;

/**
 * Looks at a URL like `postgres://user:password@host:5432/database?sslmode=verify-full`.
 *
 * @returns undefined if it is none
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | undefined {
  const match = /^postgres(?:ql)?:\/\/(.+)$/s.exec(text);
  if (match === null) return undefined;
  const place = PLACE.exec(withoutLogin(match[1]!))?.[0];
  return { secret: text, name: place === undefined ? 'the PostgreSQL database' : `postgres://${place}` };
}

/**
 * What follows user and password. A password in which somebody forgot to write `@` or `/` as %XX must not show either.
 *
 * @param rest of a database URL behind `//`
 */
export function withoutLogin(rest: string): string {
  return rest.slice(rest.lastIndexOf('@') + 1);
}
