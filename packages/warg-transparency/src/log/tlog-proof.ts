import { decodeBase64, encodeBase64 } from '@warg/crypto';
import { requireCount } from '../arguments.ts';
import { ProofError } from '../errors.ts';
import { HASH_BYTES, type Hash, requireHash } from '../hashing/hash.ts';

/** An inclusion proof that verifies offline, with the checkpoint it leads to: the text form of c2sp.org/tlog-proof. */
export interface TlogProof {
  /** The index of the leaf in the log, from 0. */
  readonly leafIndex: number;
  /** The audit path, as {@link Rfc6962InclusionProof} has it. */
  readonly hashes: readonly Hash[];
  /** The checkpoint as a signed note, verbatim: its first three lines are origin, size and root. */
  readonly checkpoint: string;
  /** Whatever the application adds; nothing vouches for it. */
  readonly extra?: Uint8Array | undefined;
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const MAX_TEXT = 1024 * 1024;
/** No tree with more leaves can be counted. */
const MAX_HASHES = 64;

/**
 * Writes a proof as text.
 *
 * @throws TransparencyError `INVALID_ARGUMENT`
 * @example
 * const { leafIndex, hashes } = toRfc6962InclusionProof(bundle, 7);
 * encodeTlogProof({ leafIndex, hashes, checkpoint: await (await fetch(`${registry}/checkpoint`)).text() });
 */
export function encodeTlogProof({ leafIndex, hashes, checkpoint, extra }: TlogProof): string {
  requireCount(leafIndex, 'the index of a leaf');
  for (const hash of hashes) requireHash(hash, 'a hash of the proof');
  const lines = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${leafIndex}`,
    ...hashes.map(encodeBase64),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Reads a proof, without judging what it proves.
 *
 * @param text untrusted
 * @throws ProofError `INVALID_BUNDLE` (with what was expected where) | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH`
 */
export function decodeTlogProof(text: string): TlogProof {
  if (text.length > MAX_TEXT) {
    throw new ProofError('BUNDLE_TOO_LARGE', `expected at most ${MAX_TEXT} characters, found ${text.length}`);
  }
  const end = text.indexOf('\n\n');
  if (end < 0) throw invalid('an empty line before the checkpoint');
  const lines = text.slice(0, end).split('\n');
  const checkpoint = text.slice(end + 2);
  if (checkpoint === '') throw invalid('a checkpoint behind the proof');
  if (lines.shift() !== FIRST_LINE) throw invalid(`\`${FIRST_LINE}\` as the first line`);
  const extra = lines[0]?.startsWith('extra ') ? decode(lines.shift()!.slice('extra '.length)) : undefined;
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1];
  const leafIndex = Number(index);
  if (index === undefined || !Number.isSafeInteger(leafIndex)) throw invalid('`index` and a decimal number');
  if (lines.length > MAX_HASHES) {
    throw new ProofError('BUNDLE_TOO_LARGE', `expected at most ${MAX_HASHES} hashes, found ${lines.length}`);
  }
  const hashes = lines.map((line, position) => {
    const hash = decode(line);
    if (hash.length === HASH_BYTES) return hash;
    throw new ProofError('INVALID_HASH_LENGTH', `expected a hash of 32 bytes, found ${hash.length}`, {
      position,
    });
  });
  return { leafIndex, hashes, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

function decode(line: string): Uint8Array {
  try {
    return decodeBase64(line);
  } catch (cause) {
    throw invalid('base64 in each line', cause);
  }
}

function invalid(expected: string, cause?: unknown): ProofError {
  return new ProofError(
    'INVALID_BUNDLE',
    `expected a proof in the form of c2sp.org/tlog-proof, with ${expected}`,
    cause === undefined ? {} : { cause },
  );
}
