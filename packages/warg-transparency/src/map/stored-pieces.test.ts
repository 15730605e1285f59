import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoredPieces } from './stored-pieces.ts';

describe('StoredPieces', () => {
  it('have what was added last and not deleted, and never twice as many bytes', () => {
    const page = fc.record({ id: fc.nat(30), bytes: fc.uint8Array({ maxLength: 20 }) });
    const pages = fc.uniqueArray(page, { selector: ({ id }) => id, maxLength: 12 });
    const operation = fc.oneof(fc.record({ add: pages }), fc.record({ remove: fc.nat(30) }));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const pieces = new StoredPieces();
        const plain = new Map<number, Uint8Array>();
        for (const each of operations) {
          if ('add' in each) {
            pieces.add(each.add);
            for (const { id, bytes } of each.add) plain.set(id, bytes.slice());
            for (const { bytes } of each.add) bytes.fill(0);
          } else {
            pieces.delete(each.remove);
            plain.delete(each.remove);
          }
          let live = 0;
          for (let id = 0; id <= 30; id++) {
            expect(pieces.get(id)).toEqual(plain.get(id));
            live += plain.get(id)?.length ?? 0;
          }
          expect(pieces.bytes).toBeLessThanOrEqual(2 * live);
        }
      }),
      { numRuns: 300 },
    );
  });
});
