export {
  concatBytes,
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
} from './bytes.ts';
export { CryptoError, type CryptoErrorCode, quote, SignatureError, WargError } from './errors.ts';
export {
  type AnyHash,
  createSha256,
  type Digest,
  digestFromBytes,
  digestOf,
  digestToBytes,
  formatHash,
  type HashAlgorithm,
  isDigest,
  parseDigest,
  parseHash,
  parseHashAlgorithm,
  type Sha256,
  sha256,
} from './hash.ts';
export {
  type KeyId,
  keyIdOf,
  type PublicKey,
  parseKeyId,
  parsePublicKey,
  parseSignatureAlgorithm,
  publicKeyToBytes,
  type SignatureAlgorithm,
} from './keys.ts';
export {
  encodePrivateKey,
  generatePrivateKey,
  PrivateKey,
  parsePrivateKey,
  publicKeyOf,
} from './private-key.ts';
export {
  parseSignature,
  type Signature,
  SignaturePrefix,
  type SignatureToVerify,
  sign,
  signMessage,
  verifyMessage,
  verifySignature,
  verifySignatureAsync,
  verifySignatures,
} from './signature.ts';
