import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HashEntrySchema,
  LogProofBundleSchema,
  MapInclusionProofSchema,
  MapProofBundleSchema,
  OptionalHashSchema,
} from '../../test/generated/proofs_pb.ts';
import { encodeLogBundle, type LogBundle } from '../log/bundle.ts';
import { encodeMapBundle, type MapProof } from '../map/bundle.ts';

/** As the generated messages write it. */
function logBundleOfMessages({ logLength, consistentLengths, includedNodes, hashes }: LogBundle): Uint8Array {
  const message = create(LogProofBundleSchema, {
    logLength,
    consistentLengths: [...consistentLengths],
    includedIndices: [...includedNodes],
    hashes: hashes.map(({ node, hash }) => create(HashEntrySchema, { index: node, hash })),
  });
  return toBinary(LogProofBundleSchema, message);
}

function mapBundleOfMessages(proofs: readonly MapProof[]): Uint8Array {
  const message = create(MapProofBundleSchema, {
    proofs: proofs.map((hashes) =>
      create(MapInclusionProofSchema, {
        hashes: hashes.map((hash) => create(OptionalHashSchema, hash === undefined ? {} : { hash })),
      }),
    ),
  });
  return toBinary(MapProofBundleSchema, message);
}

const number = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1),
);
const hash = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.uint8Array({ maxLength: 300 }),
) as fc.Arbitrary<Uint8Array>;

describe('bundles written by hand', () => {
  it('are the generated messages, byte for byte: of the log', () => {
    const bundle = fc.record({
      logLength: number,
      consistentLengths: fc.array(number),
      includedNodes: fc.array(number),
      hashes: fc.array(fc.record({ node: number, hash })),
    });
    fc.assert(
      fc.property(bundle, (each) => {
        expect(encodeLogBundle(each)).toEqual(logBundleOfMessages(each));
      }),
      { numRuns: 500 },
    );
  });

  it('are the generated messages, byte for byte: of the map', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.option(hash, { nil: undefined }))), (proofs) => {
        expect(encodeMapBundle(proofs)).toEqual(mapBundleOfMessages(proofs));
      }),
      { numRuns: 500 },
    );
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY])('have no room for %s', (logLength) => {
    const empty = { consistentLengths: [], includedNodes: [], hashes: [] };
    expect(() => encodeLogBundle({ ...empty, logLength })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
