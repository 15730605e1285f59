/**
 * What the two implementations of the primitives have in common. `#backend` in package.json's `imports` picks
 * one by condition: `node` gives node:crypto, everything else (and `warg-portable`) gives noble.
 *
 * Scalars and message hashes are 32 bytes, big-endian; points are compressed SEC1, 33 bytes. All of them were checked
 * for length and range before they come here.
 */
export interface Backend {
  readonly name: 'node' | 'noble';
  encodeBase64(bytes: Uint8Array): string;
  /** Undefined when the text is not canonical. */
  decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined;
  /** As `decodeBase64`, for bytes that are looked at and let go: they may be of another kind and share their memory. */
  peekBase64(text: string): Uint8Array | undefined;
  sha256(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  /** The same in lowercase hex digits. */
  sha256Hex(parts: readonly Uint8Array[]): string;
  createSha256(): StreamingHash;
  randomScalar(): Uint8Array;
  /** The public point of a scalar in 1..n-1. */
  publicPoint(scalar: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Whether a compressed point with prefix 2 or 3 lies on the curve; uncompressed ones come compressed. */
  decodePoint(sec1: Uint8Array): Uint8Array<ArrayBuffer> | undefined;
  /** ECDSA with SHA-256 and the deterministic nonce of RFC 6979; s is not normalised. 64 bytes, r then s. */
  sign(scalar: Uint8Array, message: Uint8Array): Uint8Array;
  /**
   * ECDSA with SHA-256; high s is accepted. False for a point off the curve.
   *
   * @param der the signature in strict DER: OpenSSL takes it as it is, and anything else costs it a conversion
   */
  verify(point: Uint8Array, message: Uint8Array, der: Uint8Array): boolean;
  /** As `verify`, off the calling thread where there is another one. The bytes are read before it returns. */
  verifyAsync(point: Uint8Array, message: Uint8Array, der: Uint8Array): Promise<boolean>;
  /**
   * As many calls of `verify`: on this thread and others together, so that none of them waits. The bytes are read before it
   * returns.
   */
  verifyMany(items: readonly VerifyItem[]): Promise<readonly boolean[]>;
}

/** One signature to verify: what is signed is `prefix` and then `bytes`. */
export interface VerifyItem {
  readonly point: Uint8Array;
  readonly prefix: Uint8Array;
  readonly bytes: Uint8Array;
  readonly der: Uint8Array;
}

export interface StreamingHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array<ArrayBuffer>;
}
