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
  /** `wording` when nothing differs but the sentence in `message` or `reason`, `headers` when nothing but those. */
  readonly only?: 'wording' | 'headers';
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

function differsOnlyIn(what: 'wording' | 'headers', rust: NormalAnswer, ours: NormalAnswer): boolean {
  if (!('body' in rust) || !('body' in ours) || rust.status !== ours.status) return false;
  const [left, right] = [rust, ours].map(({ headers, body }) =>
    JSON.stringify(what === 'headers' ? body : [headers, withoutSentence(body)]),
  );
  return left === right;
}

/** An error's sentence, or that of a rejected record; `reason` elsewhere is a name that programs compare. */
function withoutSentence(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  if ('message' in body && typeof body.message === 'string') return { ...body, message: '<sentence>' };
  if ('state' in body && 'reason' in body) return { ...body, reason: '<sentence>' };
  return body;
}
