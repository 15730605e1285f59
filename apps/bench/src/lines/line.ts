import type { Bench } from '../bench.ts';

/** One figure of ours beside that of the reference. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
  readonly ours: number;
  /** Missing where the reference has nothing like it. */
  readonly reference?: number | undefined;
  readonly goal?: Goal;
}

/** What was set out to be reached. */
export interface Goal {
  /** How many times better than the reference, in the same run: what counts. */
  readonly times: number;
  /** The figure that the goal was named with, for a machine of the kind that `times` was taken from. */
  readonly named?: string;
}

export interface Outcome {
  readonly rows: readonly Row[];
  /** What a reader has to know to read the figures right. */
  readonly notes?: readonly string[];
  /** Charts for the documents, by the names of their files. */
  readonly charts?: Readonly<Record<string, string>>;
  /** Everything that was measured, for the raw file. */
  readonly details: unknown;
}

/** Something that can be measured alone. */
export interface Line {
  /** Its name on the command line. */
  readonly name: string;
  readonly title: string;
  /** What is done, in a sentence or two. */
  readonly method: string;
  measure(bench: Bench): Promise<Outcome>;
}

/** How many times better ours is; undefined without a reference. */
export function timesBetter({ better, ours, reference }: Row): number | undefined {
  if (reference === undefined) return undefined;
  return better === 'less' ? reference / ours : ours / reference;
}
