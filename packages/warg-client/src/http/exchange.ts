/** The part of a `Response` that the client reads. */
export interface Answer {
  readonly status: number;
  /** True for 200 to 299. */
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  readonly body: AnswerBody | null;
  /** `opaqueredirect` where an environment hides where a redirect leads. */
  readonly type?: string;
  /** Where the answer came from in the end; empty where that is not said. */
  readonly url?: string;
}

/** The part of a `ReadableStream` that the client reads a body with. */
export interface AnswerBody {
  getReader(): AnswerReader;
  /** Lets go of the connection. */
  cancel(): Promise<void>;
}

/** The part of a stream's reader that the client reads a body with. */
export interface AnswerReader {
  read(): Promise<
    | { readonly done: false; readonly value: Uint8Array }
    | { readonly done: true; readonly value?: Uint8Array | undefined }
  >;
  /** Lets go of the connection. */
  cancel(): Promise<void>;
}

/** A question that may be asked again, whole in memory. */
export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Ends the wait for the answer's headers. */
  readonly signal: AbortSignal;
}

/**
 * Asks questions in place of `fetch`, where an environment has a shorter way. It follows no redirect, tries nothing
 * again, and adds no token: all that is done by whoever calls it.
 */
export interface Exchange {
  /** False where `fetch` must do it, or must refuse it. */
  handles(url: URL): boolean;
  /** @throws the signal's reason, or the system's error where there is no answer */
  ask(question: Question): Promise<Answer>;
}
