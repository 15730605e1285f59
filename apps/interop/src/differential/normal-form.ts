// Answers as they are compared: what must differ between two registries is replaced by a word for it.

import { describeLogBundle, describeMapBundle } from './bundles.ts';
import type { Answer } from './exchange.ts';
import type { View } from './world.ts';

export type NormalAnswer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
  | { readonly status: 'dropped' };

/** @param indices whether registry indices are compared; they are not once the two logs have grown apart */
export function normalise(answer: Answer, view: View, indices: boolean): NormalAnswer {
  if ('dropped' in answer) return { status: 'dropped' };
  const { status, headers } = answer;
  return {
    status,
    headers: knownHeaders(headers, view),
    body: normalBody(answer.body, headers['content-type'], view, indices),
  };
}

function knownHeaders(
  headers: Readonly<Record<string, string>>,
  view: View,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, replaceKnown(value, view)]),
  );
}

function normalBody(body: Buffer, type: string | undefined, view: View, indices: boolean): unknown {
  if (type === 'application/vnd.warg.ledger.packed' || type === 'application/octet-stream') {
    const operator = view.operatorRecord.id.slice('sha256:'.length);
    return body.toString('hex').replaceAll(operator, '<operator record>');
  }
  const text = body.toString('utf8');
  if (!type?.startsWith('application/json')) return replaceKnown(text, view);
  try {
    return walk(JSON.parse(text, exactNumbers), view, indices);
  } catch {
    return { 'not JSON': text };
  }
}

/** Numbers that a double cannot hold stay as they were written. */
function exactNumbers(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? context?.source : value;
}

function walk(value: unknown, view: View, indices: boolean): unknown {
  if (typeof value === 'string') return replaceKnown(value, view);
  if (Array.isArray(value)) return value.map((item) => walk(item, view, indices));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const isCheckpoint = 'contents' in value;
  return Object.fromEntries(
    members.map(([name, member]) => {
      if (name === 'timestamp' && typeof member === 'number') return [name, '<time>'];
      if (name === 'signature' && isCheckpoint) return [name, '<signature>'];
      if (name === 'registryIndex' && !indices) return [name, '<index>'];
      if (name === 'found' && 'reason' in value) return [name, '<hash>'];
      if (typeof member === 'string' && (name === 'log' || name === 'proof'))
        return [name, describeLogBundle(member)];
      if (typeof member === 'string' && name === 'map') return [name, describeMapBundle(member)];
      return [replaceKnown(name, view), walk(member, view, indices)];
    }),
  );
}

function replaceKnown(text: string, view: View): string {
  let known = text.replaceAll(view.registry.url, '<registry>');
  const { id, contentBytes, signature } = view.operatorRecord;
  known = known.replaceAll(id, '<operator record>').replaceAll(contentBytes, '<operator contents>');
  known = known.replaceAll(signature, '<operator signature>');
  for (const [length, { contents }] of view.checkpoints) {
    known = known
      .replaceAll(contents.logRoot, `<log root ${length}>`)
      .replaceAll(contents.mapRoot, `<map root ${length}>`);
  }
  return known;
}
