import { type PublicKey, parsePublicKey } from '@warg/crypto';
import {
  type JsonObject,
  type JsonReader,
  memberOf,
  readObject,
  readOptional,
  readText,
  textAs,
  under,
  writeText,
} from '../json/index.ts';
import { limits } from './limits.ts';
import { decodeStrict, type JsonInput, type MessageForm } from './values.ts';

/** The flat registry document, as the Rust `warg` reads and writes it. */
export interface WellKnownConfig {
  /** The domain of an OCI registry. */
  readonly ociRegistry?: string | undefined;
  /** What stands before the namespace in the OCI registry. */
  readonly ociNamespacePrefix?: string | undefined;
  /** The URL of a Warg registry. The Rust `warg` demands https or a loopback address. */
  readonly wargUrl?: string | undefined;
}

/** @internal */
export const wellKnownConfigForm: MessageForm<WellKnownConfig> = {
  maxLength: limits.wellKnown,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      ociRegistry: readOptional(object, 'ociRegistry', at, readText),
      ociNamespacePrefix: readOptional(object, 'ociNamespacePrefix', at, readText),
      wargUrl: readOptional(object, 'wargUrl', at, readText),
    };
  },
  write: ({ ociRegistry, ociNamespacePrefix, wargUrl }) =>
    `{"ociRegistry":${writeOptional(ociRegistry)},"ociNamespacePrefix":${writeOptional(ociNamespacePrefix)},` +
    `"wargUrl":${writeOptional(wargUrl)}}`,
};

function writeOptional(text: string | undefined): string {
  return text === undefined ? 'null' : writeText(text);
}

/**
 * Reads the flat form alone. For documents of other people {@link decodeRegistryDocument} is the one to call.
 *
 * @throws DecodeError
 */
export function decodeWellKnownConfig(input: JsonInput): WellKnownConfig {
  return decodeStrict(wellKnownConfigForm, input);
}

/** Writes a {@link WellKnownConfig}, with null for what is not there. */
export function encodeWellKnownConfig(config: WellKnownConfig): string {
  return wellKnownConfigForm.write(config);
}

/** What a domain says about its registry, whichever of the three shapes it says it in. */
export interface RegistryDocument extends WellKnownConfig {
  /** `warg`, `oci` or the name of another protocol. */
  readonly preferredProtocol?: string | undefined;
  /** The operator's key, for a first contact. Never a reason to change a key that is already pinned. */
  readonly wargOperatorKey?: PublicKey | undefined;
}

const readKey: JsonReader<PublicKey> = textAs('a public key', parsePublicKey);

/** Reads all shapes at once. Where a flat and a nested member contradict each other the flat one counts, as in wkg. */
const readDocument: JsonReader<RegistryDocument> = (value, at) => {
  const object = readObject(value, at);
  const inner = (name: string): JsonObject => {
    const member = memberOf(object, name, at);
    return member === undefined || member === null
      ? { type: 'object', names: [], values: [] }
      : readObject(member, under(at, name));
  };
  const warg = inner('warg');
  const oci = inner('oci');
  const inWarg = under(at, 'warg');
  const inOci = under(at, 'oci');
  const flat = wellKnownConfigForm.read(value, at);
  return {
    ociRegistry: flat.ociRegistry ?? readOptional(oci, 'registry', inOci, readText),
    ociNamespacePrefix: flat.ociNamespacePrefix ?? readOptional(oci, 'namespacePrefix', inOci, readText),
    wargUrl: flat.wargUrl ?? readOptional(warg, 'url', inWarg, readText),
    preferredProtocol: readOptional(object, 'preferredProtocol', at, readText),
    wargOperatorKey:
      readOptional(object, 'wargOperatorKey', at, readKey) ??
      readOptional(warg, 'wargOperatorKey', inWarg, readKey),
  };
};

/**
 * Reads a registry document: the flat form of `.well-known/warg/registry.json` and of older
 * `.well-known/wasm-pkg/registry.json`, and the newer form of the latter, with an object for each protocol.
 *
 * @throws DecodeError
 * @example decodeRegistryDocument('{"warg":{"url":"https://registry.example"}}').wargUrl
 */
export function decodeRegistryDocument(input: JsonInput): RegistryDocument {
  return decodeStrict({ read: readDocument, maxLength: limits.wellKnown }, input);
}

/**
 * A registry document in every shape at once, to be served at both well-known places. The operator's key stands
 * in the object `warg`: wkg takes any unknown member at the top for a protocol, and fails if it is not an object.
 */
export function encodeRegistryDocument(document: RegistryDocument): string {
  const { ociRegistry, ociNamespacePrefix, wargUrl, preferredProtocol, wargOperatorKey } = document;
  const protocol = preferredProtocol ?? (wargUrl === undefined ? undefined : 'warg');
  return writeMembers([
    ['ociRegistry', ociRegistry],
    ['ociNamespacePrefix', ociNamespacePrefix],
    ['wargUrl', wargUrl],
    ['preferredProtocol', protocol],
    [
      'warg',
      wargUrl === undefined
        ? undefined
        : [
            ['url', wargUrl],
            ['wargOperatorKey', wargOperatorKey],
          ],
    ],
    [
      'oci',
      ociRegistry === undefined
        ? undefined
        : [
            ['registry', ociRegistry],
            ['namespacePrefix', ociNamespacePrefix],
          ],
    ],
  ]);
}

type Members = readonly (readonly [name: string, value: string | Members | undefined])[];

function writeMembers(members: Members): string {
  const written: string[] = [];
  for (const [name, value] of members) {
    if (value !== undefined)
      written.push(
        `${writeText(name)}:${typeof value === 'string' ? writeText(value) : writeMembers(value)}`,
      );
  }
  return `{${written.join(',')}}`;
}
