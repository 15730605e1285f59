// The messages of bundles (proto/warg/transparency/proofs.proto), as the decoder needs them. They are this few, so they are
// said here once more: the library that knows the generated ones takes longer to load than a proof to verify. Tests hold
// these forms against the generated descriptors.

/** How the decoder reads a message. */
export interface MessageForm<T> {
  readonly name: string;
  /** By the number of the field. */
  readonly fields: ReadonlyMap<number, FieldForm>;
  /** A message without fields. */
  readonly empty: () => T;
}

/** A field of a message, and the member that it becomes. */
export type FieldForm =
  | { readonly name: string; readonly type: 'bytes' | 'uint32' | 'uint32List' }
  | { readonly name: string; readonly type: 'messageList'; readonly message: MessageForm<unknown> };

export interface LogProofBundle {
  logLength: number;
  consistentLengths: number[];
  /** Node numbers of leaves. */
  includedIndices: number[];
  hashes: HashEntry[];
}

export interface HashEntry {
  /** A node number. */
  index: number;
  hash: Uint8Array;
}

export interface MapProofBundle {
  proofs: MapInclusionProof[];
}

export interface MapInclusionProof {
  hashes: OptionalHash[];
}

export interface OptionalHash {
  /** Undefined where the field is not there; empty where it is, and is empty. */
  hash: Uint8Array | undefined;
}

const NO_BYTES = new Uint8Array(0);

const hashEntry: MessageForm<HashEntry> = {
  name: 'HashEntry',
  fields: new Map<number, FieldForm>([
    [1, { name: 'index', type: 'uint32' }],
    [2, { name: 'hash', type: 'bytes' }],
  ]),
  empty: () => ({ index: 0, hash: NO_BYTES }),
};

export const logProofBundle: MessageForm<LogProofBundle> = {
  name: 'LogProofBundle',
  fields: new Map<number, FieldForm>([
    [1, { name: 'logLength', type: 'uint32' }],
    [2, { name: 'consistentLengths', type: 'uint32List' }],
    [3, { name: 'includedIndices', type: 'uint32List' }],
    [4, { name: 'hashes', type: 'messageList', message: hashEntry }],
  ]),
  empty: () => ({ logLength: 0, consistentLengths: [], includedIndices: [], hashes: [] }),
};

const optionalHash: MessageForm<OptionalHash> = {
  name: 'OptionalHash',
  fields: new Map<number, FieldForm>([[1, { name: 'hash', type: 'bytes' }]]),
  empty: () => ({ hash: undefined }),
};

const mapInclusionProof: MessageForm<MapInclusionProof> = {
  name: 'MapInclusionProof',
  fields: new Map<number, FieldForm>([[1, { name: 'hashes', type: 'messageList', message: optionalHash }]]),
  empty: () => ({ hashes: [] }),
};

export const mapProofBundle: MessageForm<MapProofBundle> = {
  name: 'MapProofBundle',
  fields: new Map<number, FieldForm>([
    [1, { name: 'proofs', type: 'messageList', message: mapInclusionProof }],
  ]),
  empty: () => ({ proofs: [] }),
};
