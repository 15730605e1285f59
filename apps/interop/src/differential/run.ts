// The same requests to both registries, brought into the same state first; every difference is listed with its
// reason or fails the run.

import { encodePrivateKey } from '@warg/crypto';
import { type RustPrograms, startOurServer, startRustServer } from '@warg-apps/programs';
import { check, fail, pass } from '../checks.ts';
import { checkSameIds } from '../same-ids.ts';
import { Differences } from './differences.ts';
import { exchange } from './exchange.ts';
import { type NormalAnswer, normalise } from './normal-form.ts';
import type { Case } from './requests/case.ts';
import { fetching, fetchingThatDrops } from './requests/fetching.ts';
import { proving, provingThatDrops } from './requests/proving.ts';
import { publishing } from './requests/publishing.ts';
import { reading } from './requests/reading.ts';
import { refusedByPolicy, succeeding, unfitting } from './requests/succeeding.ts';
import { sentAgain, uploading } from './requests/uploading.ts';
import { keys, namespace, pause, prepare, type View } from './world.ts';

/** Cases that change nothing, so that registry indices stay the same and are compared. */
const asking = [...fetching, ...reading, ...proving, ...fetchingThatDrops, ...provingThatDrops];
/** Cases that may change the registries, the ones that damage the Rust server last. */
const changing = [...publishing, ...unfitting, ...succeeding, ...uploading, ...refusedByPolicy, ...sentAgain];

export async function compareServers(
  rust: RustPrograms,
  work: string,
  startOther = startOurServer,
): Promise<void> {
  const options = { work, namespace, operatorKey: encodePrivateKey(keys.operator) };
  const registries = await Promise.all([startRustServer(rust.server, options), startOther(options)]);
  try {
    const views = (await Promise.all(registries.map(prepare))) as [View, View];
    for (const view of views) await checkSameIds(view);
    const comparison = new Comparison(
      views,
      new Differences(new URL('../../differences.json', import.meta.url)),
    );
    for (const one of asking) await comparison.compare(one, true);
    for (const one of changing) {
      await comparison.compare(one, false);
      await comparison.settle();
    }
    await comparison.finish();
  } finally {
    await Promise.all(registries.map(({ program }) => program.stop()));
  }
}

class Comparison {
  readonly #views: readonly [View, View];
  readonly #differences: Differences;
  readonly #ids = new Set<string>();
  /** Records that were taken, by the path of their state, until both registries are done with them. */
  readonly #unsettled = new Map<string, string>();
  readonly #taken = new Map<string, string>();
  #listed = 0;

  constructor(views: readonly [View, View], differences: Differences) {
    this.#views = views;
    this.#differences = differences;
  }

  async compare({ id, make }: Case, indices: boolean): Promise<void> {
    if (this.#ids.has(id)) throw new Error(`two cases are called ${id}`);
    this.#ids.add(id);
    const answers = await Promise.all(
      this.#views.map(async (view) => ({
        view,
        request: make(view),
        answer: await exchange(view.registry.url, make(view)),
      })),
    );
    const [rust, ours] = answers.map(({ view, answer }) => normalise(answer, view, indices)) as [
      NormalAnswer,
      NormalAnswer,
    ];
    this.#judge(id, rust, ours);
    for (const { request, answer } of answers) {
      if ('dropped' in answer || answer.status !== 202) continue;
      const path = `${request.path.replace(/\/$/, '')}/${JSON.parse(answer.body.toString()).recordId}`;
      this.#unsettled.set(path, id);
      this.#taken.set(path, id);
    }
  }

  #judge(id: string, rust: NormalAnswer, ours: NormalAnswer): void {
    if (JSON.stringify(rust) === JSON.stringify(ours)) pass();
    else if (this.#differences.explains(id, rust, ours)) {
      this.#listed++;
      pass();
    } else fail(id, `Rust: ${JSON.stringify(rust)}\nours: ${JSON.stringify(ours)}`);
  }

  /**
   * Waits until no record is under way, so that the next case finds nothing of the last one. The Rust server calls a
   * record `processing` until its next checkpoint; it has judged it long before.
   */
  async settle(): Promise<void> {
    for (const path of this.#unsettled.keys()) {
      const [, ours] = this.#views;
      for (const until = Date.now() + 10_000; Date.now() < until; await pause(5)) {
        if ((await this.#state(ours, path)) !== 'processing') break;
      }
      await pause(5);
    }
    this.#unsettled.clear();
  }

  /** What became of every record that was taken, on both, and the list's own check. */
  async finish(): Promise<void> {
    for (const [path, id] of this.#taken) {
      for (const view of this.#views) {
        for (const until = Date.now() + 15_000; Date.now() < until; await pause(50)) {
          if ((await this.#state(view, path)) !== 'processing') break;
        }
      }
      await this.compare({ id: `${id}, afterwards`, make: () => ({ method: 'GET', path }) }, false);
    }
    const stale = this.#differences.stale();
    await check('no entry of differences.json is stale', () => {
      if (stale.length > 0) throw new Error(`these explain no difference any more:\n${stale.join('\n')}`);
    });
    console.log(
      `${this.#ids.size} requests sent to both servers; ${this.#listed} answered differently as listed`,
    );
  }

  async #state(view: View, path: string): Promise<string> {
    const answer = await exchange(view.registry.url, { method: 'GET', path });
    if ('dropped' in answer || answer.status !== 200) return 'unknown';
    return JSON.parse(answer.body.toString()).state;
  }
}
