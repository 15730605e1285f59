import type { WasmFacts } from './inspection.ts';

/** What a thread that checks contents is started with. */
export interface CheckThreadOptions {
  /** Most bytes of memory that a check may take, the content included. */
  readonly memoryLimit: number;
}

/** A file to check; one at a time. */
export interface CheckRequest {
  readonly path: string;
  readonly size: number;
}

export type CheckAnswer =
  | { readonly type: 'facts'; readonly facts: WasmFacts }
  | { readonly type: 'invalid'; readonly reason: string }
  | { readonly type: 'failed'; readonly reason: string };
