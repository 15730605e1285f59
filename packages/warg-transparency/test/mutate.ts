// Changes encoded bundles in the ways in which they get damaged or forged: bits, bytes and pieces of them; whole
// fields dropped, repeated, reordered or taken from another bundle; and encodings of the same bundle that no
// encoder writes.

/** A reproducible source of randomness (xorshift32): the same seed gives the same numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** A whole number from 0, below `limit`. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

type Bytes = readonly number[];
type Mutation = (bytes: Bytes, other: Bytes, random: Random) => Bytes;

/** One to three changes, one after the other. `other` is material to splice in. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let changed: Bytes = [...bytes];
  for (let count = 1 + random.below(3); count > 0; count--)
    changed = random.pick(MUTATIONS)(changed, [...other], random);
  return Uint8Array.from(changed);
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, _, random) {
    if (bytes.length === 0) return bytes;
    const at = random.below(bytes.length);
    return bytes.with(at, bytes[at]! ^ (1 << random.below(8)));
  },
  function setByte(bytes, _, random) {
    if (bytes.length === 0) return bytes;
    return bytes.with(random.below(bytes.length), random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]));
  },
  function truncate(bytes, _, random) {
    return bytes.slice(0, random.below(bytes.length + 1));
  },
  function deleteRange(bytes, _, random) {
    return bytes.toSpliced(random.below(bytes.length + 1), 1 + random.below(40));
  },
  function insertBytes(bytes, _, random) {
    const inserted = Array.from({ length: 1 + random.below(5) }, () => random.below(256));
    return bytes.toSpliced(random.below(bytes.length + 1), 0, ...inserted);
  },
  function splice(bytes, other, random) {
    const from = random.below(other.length + 1);
    const piece = other.slice(from, from + 1 + random.below(80));
    return bytes.toSpliced(random.below(bytes.length + 1), random.below(80), ...piece);
  },
  function join(bytes, other, random) {
    return random.below(2) === 0 ? [...bytes, ...other] : [...other, ...bytes];
  },
  onFields(function dropField(fields, _, random) {
    return fields.toSpliced(random.below(fields.length), 1);
  }),
  onFields(function repeatField(fields, _, random) {
    return fields.toSpliced(random.below(fields.length + 1), 0, random.pick(fields));
  }),
  onFields(function exchangeFields(fields, _, random) {
    const i = random.below(fields.length);
    const j = random.below(fields.length);
    return fields.with(i, fields[j]!).with(j, fields[i]!);
  }),
  onFields(function reverseFields(fields) {
    return fields.toReversed();
  }),
  onFields(function sortFields(fields) {
    return fields.toSorted((a, b) => (a.join() < b.join() ? -1 : 1));
  }),
  onFields(function takeField(fields, others, random) {
    return fields.with(random.below(fields.length), random.pick(others));
  }),
  onFields(function addField(fields, others, random) {
    return fields.toSpliced(random.below(fields.length + 1), 0, random.pick(others));
  }),
  onFields(function addUnknownField(fields, _, random) {
    const unknown = random.pick([
      [0x78, 1],
      [0x7a, 2, 1, 2],
      [0x7b, 0x08, 1, 0x7c],
      [0x7d, 0, 0, 0, 0],
    ]);
    return fields.toSpliced(random.below(fields.length + 1), 0, unknown);
  }),
  onFields(function addEmptyProof(fields, _, random) {
    return fields.toSpliced(random.below(fields.length + 1), 0, [0x0a, 0x00]);
  }),
  onFields(function insideField(fields, others, random) {
    // One level down: the same kinds of change to the fields of an embedded message.
    const at = random.below(fields.length);
    const body = embedded(fields[at]!);
    const otherBody = embedded(random.pick(others)) ?? [];
    if (body === undefined) return fields;
    const changed = random.pick(MUTATIONS)(body, otherBody, random);
    return fields.with(at, [fields[at]![0]!, ...varint(changed.length), ...changed]);
  }),
  onFields(function longNumber(fields, _, random) {
    // The same number with needless bytes, or with bits that wrap.
    const at = random.below(fields.length);
    const [tag, ...rest] = fields[at]!;
    if (tag! % 8 !== 0) return fields;
    const last = rest.at(-1)!;
    const extra = random.pick([[0x00], [0x80, 0x80, 0x80, 0x80, 0x10], [0x80, 0x00]]);
    return fields.with(at, [tag!, ...rest.slice(0, -1), last + 128, ...extra]);
  }),
  onFields(function longTag(fields, _, random) {
    const at = random.below(fields.length);
    const [tag, ...rest] = fields[at]!;
    if (tag === undefined || tag >= 128) return fields;
    const needless = new Array<number>(random.below(10)).fill(0x80);
    return fields.with(at, [tag + 128, ...needless, 0x00, ...rest]);
  }),
  onFields(function unpack(fields, _, random) {
    const at = random.below(fields.length);
    const body = embedded(fields[at]!);
    const tag = fields[at]![0]!;
    if (body === undefined || (tag !== 0x12 && tag !== 0x1a)) return fields;
    const numbers: number[][] = [[]];
    for (const byte of body) {
      numbers.at(-1)!.push(byte);
      if (byte < 128) numbers.push([]);
    }
    return fields.toSpliced(at, 1, ...numbers.slice(0, -1).map((number) => [tag - 2, ...number]));
  }),
];

type FieldMutation = (fields: readonly Bytes[], others: readonly Bytes[], random: Random) => readonly Bytes[];

function onFields(mutation: FieldMutation): Mutation {
  return (bytes, other, random) => {
    const fields = splitFields(bytes);
    const others = splitFields(other);
    if (fields.length === 0) return bytes;
    return mutation(fields, others.length === 0 ? fields : others, random).flat();
  };
}

/** The fields of a message, tags and all; what cannot be read is one field at the end. */
function splitFields(bytes: Bytes): Bytes[] {
  const fields: Bytes[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const wireType = bytes[at++]! % 8;
    let number = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      number += (byte % 128) * scale;
      if (byte < 128) break;
    }
    if (wireType === 2) at += number;
    if ((wireType !== 0 && wireType !== 2) || at > bytes.length) {
      fields.push(bytes.slice(start));
      return fields;
    }
    fields.push(bytes.slice(start, at));
  }
  return fields;
}

/** The bytes of a length-delimited field with a tag of one byte. */
function embedded(field: Bytes): Bytes | undefined {
  if (field.length < 2 || field[0]! % 8 !== 2) return undefined;
  let at = 1;
  while (at < field.length && field[at]! >= 128) at++;
  return field.slice(at + 1);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  bytes.push(rest);
  return bytes;
}
