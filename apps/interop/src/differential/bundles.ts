// Proof bundles, told apart from what differs for a good reason: the operator's record is another one on each
// registry, so every hash above it is. What must agree is the shape, and every hash that does not cover it.

import { createHash } from 'node:crypto';

type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** @throws Error when the bytes are no protobuf message */
function readFields(bytes: Buffer): Fields {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a proof bundle ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    let value: bigint | Buffer = varint();
    if ((tag & 7) === 2) {
      const end = at + Number(value);
      if (end > bytes.length) throw new Error('a proof bundle ends within a field');
      value = bytes.subarray(at, end);
      at = end;
    }
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

function numbers(values: readonly (bigint | Buffer)[] = []): number[] {
  return values.flatMap((value) => {
    if (!Buffer.isBuffer(value)) return [Number(value)];
    const found: number[] = [];
    for (let at = 0; at < value.length; ) {
      let number = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = value[at++] ?? 0;
        number += (byte & 0x7f) * factor;
        if (byte < 0x80) break;
      }
      found.push(number);
    }
    return found;
  });
}

const isBytes = (value: bigint | Buffer): value is Buffer => Buffer.isBuffer(value);

/** What a log bundle says, without the hashes of nodes above leaf 0. */
export function describeLogBundle(base64: string): unknown {
  const bundle = readFields(Buffer.from(base64, 'base64'));
  const hashes = (bundle.get(4) ?? []).filter(isBytes).map((bytes) => {
    const fields = readFields(bytes);
    const node = Number(fields.get(1)?.[0] ?? 0n);
    // In order, the nodes above leaf 0 are 2^h - 1.
    const aboveOperator = Number.isInteger(Math.log2(node + 1));
    const hash = fields.get(2)?.[0];
    return [node, aboveOperator || !hash || !isBytes(hash) ? '<hash>' : hash.toString('hex')];
  });
  return {
    logLength: numbers(bundle.get(1)),
    consistentLengths: numbers(bundle.get(2)),
    includedIndices: numbers(bundle.get(3)),
    hashes,
  };
}

const emptyAtHeight: readonly string[] = (() => {
  const sha = (...parts: readonly Uint8Array[]) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const heights = [sha(Uint8Array.of(0))];
  while (heights.length < 256) heights.push(sha(Uint8Array.of(1), heights.at(-1)!, heights.at(-1)!));
  return heights.map((hash) => hash.toString('hex'));
})();

/**
 * What a map bundle says: for each proof the heights at which a sibling is not empty. A sibling that is given as the
 * hash of the empty tree means the same as one that is left out.
 */
export function describeMapBundle(base64: string): unknown {
  const bundle = readFields(Buffer.from(base64, 'base64'));
  return (bundle.get(1) ?? []).filter(isBytes).map((proof) => {
    const siblings = (readFields(proof).get(1) ?? []).filter(isBytes);
    const lowest = 256 - siblings.length;
    return siblings.flatMap((sibling, index) => {
      const hash = readFields(sibling).get(1)?.[0];
      if (!hash || !isBytes(hash) || hash.toString('hex') === emptyAtHeight[lowest + index]) return [];
      return [lowest + index];
    });
  });
}
