import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogProofBundleSchema, MapProofBundleSchema } from '../../test/generated/proofs_pb.ts';
import { decodeMessage } from './decode.ts';
import { type FieldForm, logProofBundle, type MessageForm, mapProofBundle } from './messages.ts';

function typeOf(field: DescField): FieldForm['type'] | undefined {
  if (field.oneof !== undefined) return undefined;
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BYTES) return 'bytes';
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.UINT32) return 'uint32';
  if (field.fieldKind !== 'list') return undefined;
  if (field.listKind === 'message') return 'messageList';
  return field.listKind === 'scalar' && field.scalar === ScalarType.UINT32 ? 'uint32List' : undefined;
}

function expectAlike(form: MessageForm<unknown>, message: DescMessage): void {
  expect(form.name).toBe(message.name);
  expect([...form.fields.keys()].sort()).toEqual(message.fields.map(({ number }) => number).sort());
  const { $typeName: _, ...empty } = create(message) as unknown as Record<string, unknown>;
  expect(form.empty()).toEqual(empty);
  for (const field of message.fields) {
    const own = form.fields.get(field.number)!;
    expect(own).toMatchObject({ name: field.localName, type: typeOf(field) });
    if (own.type === 'messageList') expectAlike(own.message, field.message!);
  }
}

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const hash = fc.uint8Array({ maxLength: 40 });

describe('the forms of messages', () => {
  it.each([
    ['LogProofBundle', logProofBundle, LogProofBundleSchema],
    ['MapProofBundle', mapProofBundle, MapProofBundleSchema],
  ] as const)('are those of the generated ones: %s', (_, form, message) => {
    expectAlike(form, message);
  });

  it('are read as the generated ones are: of the log', () => {
    const bundles = fc.record({
      logLength: uint32,
      consistentLengths: fc.array(uint32),
      includedIndices: fc.array(uint32),
      hashes: fc.array(fc.record({ index: uint32, hash })),
    });
    fc.assert(
      fc.property(bundles, (bundle) => {
        const bytes = toBinary(LogProofBundleSchema, create(LogProofBundleSchema, bundle));
        expect(decodeMessage(logProofBundle, bytes)).toEqual(bundle);
        expect(fromBinary(LogProofBundleSchema, bytes)).toMatchObject(bundle);
      }),
    );
  });

  it('are read as the generated ones are: of the map', () => {
    const bundles = fc.record({
      proofs: fc.array(
        fc.record({ hashes: fc.array(fc.record({ hash: fc.option(hash, { nil: undefined }) })) }),
      ),
    });
    fc.assert(
      fc.property(bundles, (bundle) => {
        const given = {
          proofs: bundle.proofs.map(({ hashes }) => ({
            hashes: hashes.map((each) => (each.hash === undefined ? {} : { hash: each.hash })),
          })),
        };
        const bytes = toBinary(MapProofBundleSchema, create(MapProofBundleSchema, given));
        expect(decodeMessage(mapProofBundle, bytes)).toEqual(bundle);
        const generated = fromBinary(MapProofBundleSchema, bytes);
        expect(generated.proofs.map(({ hashes }) => hashes.map(({ hash }) => hash))).toEqual(
          bundle.proofs.map(({ hashes }) => hashes.map(({ hash }) => hash)),
        );
      }),
    );
  });
});
