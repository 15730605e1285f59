import { keySigner, type OperatorSigner } from '../sequencer/signer.ts';
import type { RegistryCoreOptions } from './core-options.ts';

/** Whoever signs in this process. */
export function requireSigner({ operatorKey, operatorSigner }: RegistryCoreOptions): OperatorSigner {
  const signer = operatorSigner ?? (operatorKey && keySigner(operatorKey));
  if (signer === undefined) throw new Error('a registry that sequences needs an operator key or a signer');
  return signer;
}
