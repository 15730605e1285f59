// The list of differences that are meant: differences.json. Every entry says between which answers the difference
// lies and why it is there; an entry that no longer matches anything is stale and fails the run.

import { readFileSync } from 'node:fs';
import type { NormalAnswer } from './normal-form.ts';

/** One side of a listed difference. */
interface Side {
  readonly status: number | 'dropped';
  /** A regular expression that the body, written as JSON, matches somewhere. */
  readonly body?: string;
}

export interface Listed {
  /** The cases, `*` standing for any text. */
  readonly cases: readonly string[];
  /** `message` when nothing but the wording of `{status, message}` differs, `content-type` when nothing but that. */
  readonly only?: 'message' | 'headers';
  readonly rust?: Side;
  readonly ours?: Side;
  readonly reason: string;
}

export class Differences {
  readonly #entries: readonly Listed[];
  readonly #used = new Set<string>();

  constructor(file: URL) {
    this.#entries = JSON.parse(readFileSync(file, 'utf8')) as readonly Listed[];
  }

  /** Whether the difference is listed. */
  explains(caseId: string, rust: NormalAnswer, ours: NormalAnswer): boolean {
    let explained = false;
    for (const [index, entry] of this.#entries.entries()) {
      if (!matchesSide(entry.rust, rust) || !matchesSide(entry.ours, ours)) continue;
      if (entry.only && !differsOnlyIn(entry.only, rust, ours)) continue;
      for (const pattern of entry.cases) {
        if (!matchesPattern(pattern, caseId)) continue;
        this.#used.add(`${index} ${pattern}`);
        explained = true;
      }
    }
    return explained;
  }

  /** Entries, and patterns of entries, that explained nothing. */
  stale(): readonly string[] {
    return this.#entries.flatMap(({ cases, reason }, index) =>
      cases
        .filter((pattern) => !this.#used.has(`${index} ${pattern}`))
        .map((pattern) => `${pattern} (${reason})`),
    );
  }

  get size(): number {
    return this.#entries.length;
  }
}

function matchesSide(side: Side | undefined, answer: NormalAnswer): boolean {
  if (!side) return true;
  if (side.status !== answer.status) return false;
  return (
    side.body === undefined || ('body' in answer && new RegExp(side.body).test(JSON.stringify(answer.body)))
  );
}

function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

function differsOnlyIn(what: 'message' | 'headers', rust: NormalAnswer, ours: NormalAnswer): boolean {
  if (!('body' in rust) || !('body' in ours) || rust.status !== ours.status) return false;
  const [left, right] = [rust, ours].map(({ headers, body }) =>
    what === 'headers'
      ? JSON.stringify(body)
      : JSON.stringify([headers, isMessage(body) ? { ...body, message: '<message>' } : body]),
  );
  return left === right;
}

function isMessage(body: unknown): body is { readonly message: string } {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string';
}
