import { quote } from '@warg/crypto';
import { NameError } from '../errors.ts';

declare const packageNameBrand: unique symbol;
declare const namespaceBrand: unique symbol;

/** `namespace:name`, both in lowercase kebab case. */
export type PackageName = string & { readonly [packageNameBrand]: true };

/** The part of a package name before the colon. */
export type Namespace = string & { readonly [namespaceBrand]: true };

// What a lowercase kebab-case identifier of WIT (component model, Explainer.md, "Name") does not have: another
// beginning than a letter, other characters, a hyphen without a letter behind it. Said this way round, the test needs
// no repeated group, which takes stack for every round and overflows it on a text of some megabytes.
const NOT_KEBAB = /^(?![a-z])|[^a-z0-9-]|-(?![a-z])/;

/** Whether the text is a namespace. */
export function isNamespace(text: string): text is Namespace {
  return !NOT_KEBAB.test(text);
}

/**
 * Reads a namespace.
 *
 * @throws NameError `INVALID_NAMESPACE`
 */
export function parseNamespace(text: string): Namespace {
  if (isNamespace(text)) return text;
  throw new NameError(
    'INVALID_NAMESPACE',
    `expected a namespace in lowercase kebab case such as \`my-org\`, found ${quote(text)}`,
    text,
  );
}

/** Whether the text is a package name. */
export function isPackageName(text: string): text is PackageName {
  const colon = text.indexOf(':');
  return colon >= 0 && isNamespace(text.slice(0, colon)) && isNamespace(text.slice(colon + 1));
}

/**
 * Reads a package name.
 *
 * @throws NameError `INVALID_PACKAGE_NAME`
 * @example
 * const name = parsePackageName('wasi:http');
 * namespaceOf(name); // 'wasi'
 */
export function parsePackageName(text: string): PackageName {
  if (isPackageName(text)) return text;
  throw new NameError(
    'INVALID_PACKAGE_NAME',
    `expected a package name \`namespace:name\` in lowercase kebab case, found ${quote(text)}`,
    text,
  );
}

/** The namespace of a package name: what stands before the colon. */
export function namespaceOf(name: PackageName): Namespace {
  return name.slice(0, name.indexOf(':')) as Namespace;
}

/** What stands behind the colon of a package name. */
export function baseNameOf(name: PackageName): string {
  return name.slice(name.indexOf(':') + 1);
}
