import { WargError } from '@warg/crypto';

/** Why a registry does not start in the store that it was given. */
export type RegistryErrorCode = 'OPERATOR_KEY_MISMATCH' | 'NAMESPACE_CONFLICT' | 'OPERATOR_RECORD_REFUSED';

/** A registry that cannot be opened the way it was asked for. */
export class RegistryError extends WargError {
  declare readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
