import type { PublicKey, Signature, SignaturePrefix } from '@warg/crypto';
import type { NamespaceDefinition, SequencingPass } from '../registry/core-options.ts';
import type { Operation, Outcome, WriterLimits } from './operations.ts';

/** Whoever signs: a key, whose secret text stays in this process's memory, or a signer that the other end has. */
export type OperatorMessage =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'signer'; readonly number: number; readonly publicKey: PublicKey };

/** What a writer in a worker is started with. */
export interface ThreadOptions {
  readonly file: string;
  readonly operator: OperatorMessage;
  /** As secret as the operator's. */
  readonly logKey: string | undefined;
  readonly namespaces: readonly NamespaceDefinition[];
  readonly limits: WriterLimits;
  readonly resignInterval: number;
}

/** Operations that were submitted in one turn of the event loop travel together. */
export type ToThread =
  | {
      readonly type: 'operations';
      readonly operations: readonly { readonly id: number; readonly operation: Operation }[];
    }
  | { readonly type: 'useSigner'; readonly id: number; readonly operator: OperatorMessage }
  | { readonly type: 'signed'; readonly id: number; readonly signature?: Signature; readonly error?: string }
  | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'ready' }
  /** Asks the signer of this number, which is not in the thread. */
  | {
      readonly type: 'sign';
      readonly id: number;
      readonly signer: number;
      readonly prefix: SignaturePrefix;
      readonly bytes: Uint8Array;
    }
  /** It could not begin, or, once it is ready, can sign nothing any more. */
  | { readonly type: 'failed'; readonly error: ErrorMessage }
  | { readonly type: 'outcomes'; readonly outcomes: readonly Answer[] }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: Record<string, unknown>;
      readonly message: string;
    }
  | { readonly type: 'sequenced'; readonly pass: SequencingPass }
  | { readonly type: 'closed' };

export interface Answer {
  readonly id: number;
  /** Undefined where nothing is to be said but that it was done. */
  readonly outcome?: Outcome | undefined;
  readonly error?: ErrorMessage;
}

/** An error without its class, which does not survive the way. */
export interface ErrorMessage {
  readonly kind: 'registry' | 'store' | 'other';
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}
