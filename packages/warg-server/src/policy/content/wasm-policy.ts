import type { Digest } from '@warg/crypto';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { ContentError } from '../../content/content-store.ts';
import { type CheckLimits, CheckPool } from './check-pool.ts';
import type { ContentPolicy, PolicedContent } from './content-policy.ts';
import type { WasmFacts } from './inspection.ts';

/** What a content may be. */
export type WasmKind = WasmFacts['kind'];

export const wasmKinds: readonly WasmKind[] = ['module', 'component', 'wit-package'];

/** What the policy of {@link wasmContentPolicy} lets through. */
export interface WasmPolicyOptions {
  /** What is wanted. Default: all three. */
  readonly kinds?: readonly WasmKind[];
  /** Largest content that is looked at; larger ones are refused. Default 256 MiB, at most 3 GiB. */
  readonly maxBytes?: number;
  /** For one content, ms. Default 30 s. */
  readonly timeLimit?: number;
  /** Memory for one content, itself included, bytes. Default: 256 MiB more than `maxBytes`. */
  readonly memoryLimit?: number;
  /** Contents that are looked at at once. Default 1. */
  readonly workers?: number;
  /** Contents that wait for it; one more is told to come back. Default 64. */
  readonly queue?: number;
}

const names: Readonly<Record<WasmKind, string>> = {
  module: 'WebAssembly modules',
  component: 'WebAssembly components',
  'wit-package': 'WIT packages',
};

/** Contents of which it is known what they are; the same digest is the same bytes for ever. */
const mostKnown = 10_000;
const longestReason = 300;
const mebibyte = 2 ** 20;

/**
 * Lets only valid WebAssembly through: core modules, components, and WIT packages, which must have the name and the version
 * of the release that they are uploaded for.
 *
 * Contents are read in processes of their own, with limits on time and memory; what goes beyond them, or makes such a
 * process crash, is refused.
 *
 * @example
 * const registry = await createRegistry({ operatorKey, contentPolicy: wasmContentPolicy({ kinds: ['component'] }) });
 */
export function wasmContentPolicy(options: WasmPolicyOptions = {}): ContentPolicy {
  const { kinds = wasmKinds, maxBytes = 256 * mebibyte, workers = 1, queue = 64 } = options;
  const limits: CheckLimits = {
    time: options.timeLimit ?? 30_000,
    memory: options.memoryLimit ?? Math.min(maxBytes + 256 * mebibyte, 4096 * mebibyte),
    workers,
    queue,
  };
  const pool = new CheckPool(limits);
  const known = new Map<Digest, WasmFacts>();

  return {
    async check(content) {
      if (content.size > maxBytes)
        throw refused(`content is larger than the ${maxBytes} bytes that are looked at`);
      const facts = known.get(content.digest) ?? (await inspect(content));
      if (!kinds.includes(facts.kind)) throw refused(`${names[facts.kind]} are not allowed`);
      if (facts.kind === 'wit-package') requireNamed(facts, content);
    },
    close: () => pool.close(),
  };

  async function inspect(content: PolicedContent): Promise<WasmFacts> {
    const answer = await pool.check({ path: await content.file(), size: content.size });
    if (answer.type === 'invalid') throw refused(`content is not valid WebAssembly: ${shown(answer.reason)}`);
    if (answer.type === 'failed') throw refused(`content cannot be validated: ${shown(answer.reason)}`);
    const [oldest] = known.size < mostKnown ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(content.digest, answer.facts);
    return answer.facts;
  }
}

/** A package is known by the id of its log, which follows from its name. */
function requireNamed(
  { name, version }: Extract<WasmFacts, { kind: 'wit-package' }>,
  { logId, versions }: PolicedContent,
): void {
  if (logIdOf(name) !== logId) {
    throw refused(`the WIT package is named \`${shown(name)}\`, which is not the package that releases it`);
  }
  const other = versions.find((each) => each !== version);
  if (other === undefined) return;
  const found = version === undefined ? 'no version' : `version \`${shown(version)}\``;
  throw refused(`the WIT package names ${found}, and is released as \`${other}\``);
}

function logIdOf(name: string): string | undefined {
  try {
    return packageLogId(parsePackageName(name));
  } catch {
    return undefined;
  }
}

function refused(reason: string): ContentError {
  return new ContentError('CONTENT_REFUSED', reason);
}

/** What stems from the content, in one line that is fit to be shown. */
function shown(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, longestReason);
}
