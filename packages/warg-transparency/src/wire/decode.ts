import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { ProofError } from '../errors.ts';
import { checkWire } from './check.ts';

/**
 * Decodes a message that the reference's decoder would take.
 *
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE`
 */
export function decodeMessage<Desc extends DescMessage>(
  message: Desc,
  bytes: Uint8Array,
): MessageShape<Desc> {
  checkWire(message, bytes);
  try {
    // The check has its own limit of recursion; this one only must not be in its way.
    return fromBinary(message, bytes, { readUnknownFields: false, recursionLimit: 200 });
  } catch (cause) {
    throw new ProofError('INVALID_BUNDLE', 'the proof bundle is malformed', { cause });
  }
}
