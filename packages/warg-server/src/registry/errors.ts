import { WargError } from '@warg/crypto';

/** Why a registry does not do with its store what it was asked for. */
export type RegistryErrorCode =
  /** The key may not sign checkpoints here. */
  | 'OPERATOR_KEY_MISMATCH'
  /** A record would take the permission to sign from the key that signs. */
  | 'OPERATOR_KEY_IN_USE'
  | 'NAMESPACE_CONFLICT'
  | 'OPERATOR_RECORD_REFUSED'
  /** A checkpoint that was given is not signed by the operator. */
  | 'CHECKPOINT_NOT_SIGNED';

/** A registry that cannot go on the way it was asked for. */
export class RegistryError extends WargError {
  declare readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** The key with this id holds no `commit` in the operator log. */
export function operatorKeyMismatch(keyId: string): RegistryError {
  return new RegistryError(
    'OPERATOR_KEY_MISMATCH',
    `this store belongs to another operator: the key ${keyId} may not sign checkpoints here. ` +
      'Start with the key that made the store or one that it was rotated to, or name another store',
  );
}

/** The key with this id signs the registry's checkpoints, and cannot lose the permission to while it does. */
export function operatorKeyInUse(keyId: string): RegistryError {
  return new RegistryError(
    'OPERATOR_KEY_IN_USE',
    `the registry signs its checkpoints with the key ${keyId}: let it sign with another key that holds \`commit\` first, ` +
      'and revoke this one then',
  );
}
