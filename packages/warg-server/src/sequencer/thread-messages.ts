import type { NamespaceDefinition } from '../registry/registry.ts';
import type { Operation, Outcome, WriterLimits } from './operations.ts';

/** What a writer in a worker is started with. */
export interface ThreadOptions {
  readonly file: string;
  /** The secret text: it stays in this process's memory. */
  readonly operatorKey: string;
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
  /** The secret text: it stays in this process's memory. */
  | { readonly type: 'useKey'; readonly id: number; readonly operatorKey: string }
  | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly error: ErrorMessage }
  | { readonly type: 'outcomes'; readonly outcomes: readonly Answer[] }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: Record<string, unknown>;
      readonly message: string;
    }
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
