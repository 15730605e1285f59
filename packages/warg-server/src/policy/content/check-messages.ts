import type { WasmFacts } from './inspection.ts';

/** What a process that checks contents is started with: its one argument, as JSON. */
export interface CheckProcessOptions {
  /** The file of wasm-tools. */
  readonly tools: string;
  /** Most bytes of memory that a check may take, the content included. */
  readonly memoryLimit: number;
  /** Longest that a check may take where nobody is left to end it, ms. */
  readonly timeLimit: number;
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

/** `ready` comes once, `begun` before the content is looked at: what goes wrong after that is the content's fault. */
export type FromCheckProcess = { readonly type: 'ready' } | { readonly type: 'begun' } | CheckAnswer;

/** Longest text in an answer, characters. */
export const longestText = 4096;

/**
 * Reads what a process says that has a stranger's content in its memory.
 *
 * @returns undefined for what no such process says
 */
export function parseFromCheckProcess(message: unknown): FromCheckProcess | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, reason, facts } = message as Readonly<Record<string, unknown>>;
  if (type === 'ready' || type === 'begun') return { type };
  if (type === 'invalid' || type === 'failed') return isText(reason) ? { type, reason } : undefined;
  if (type !== 'facts' || typeof facts !== 'object' || facts === null) return undefined;
  const { kind, name, version } = facts as Readonly<Record<string, unknown>>;
  if (kind === 'module' || kind === 'component') return { type, facts: { kind } };
  if (kind !== 'wit-package' || !isText(name)) return undefined;
  if (version !== undefined && !isText(version)) return undefined;
  return { type, facts: { kind, name, version } };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}
