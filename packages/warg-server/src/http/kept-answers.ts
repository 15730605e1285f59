/** Longer questions, and longer answers, are made each time; characters. */
const LONGEST_QUESTION = 1024;
const LONGEST_ANSWER = 64 * 1024;

/** What a question and its answer take besides their characters. */
const FRAME = 300;

/**
 * The texts of answers that are always the same, by the bodies that ask for them: what stands in the log below a signed
 * length never changes. Who asks what was asked before has it without its body being read.
 *
 * It holds what was answered with 200, and does not know who asks: a route gives it to those alone whom it would answer the same.
 *
 * It forgets by halves. To be exact about what was not asked for longest would change the table with each answer, which
 * costs more than all that is saved by it.
 */
export class KeptAnswers {
  readonly #half: number;
  #young = new Map<string, string>();
  #youngBytes = 0;
  #old = new Map<string, string>();
  #oldBytes = 0;

  /** @param most bytes */
  constructor(most: number) {
    this.#half = most / 2;
  }

  /** How many bytes are kept, about. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** @param question the body of a request, as it came: what is spelled in another way is another question */
  get(question: Uint8Array): string | undefined {
    if (question.length > LONGEST_QUESTION) return undefined;
    const key = keyOf(question);
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#keep(key, old);
    return old;
  }

  keep(question: Uint8Array, text: string): void {
    if (question.length > LONGEST_QUESTION || text.length > LONGEST_ANSWER) return;
    this.#keep(keyOf(question), text);
  }

  #keep(key: string, text: string): void {
    // Somebody else may have asked the same meanwhile.
    if (this.#young.has(key)) return;
    const bytes = key.length + text.length + FRAME;
    if (this.#youngBytes + bytes > this.#half) {
      this.#old = this.#young;
      this.#oldBytes = this.#youngBytes;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, text);
    this.#youngBytes += bytes;
  }
}

/** Latin-1 has a character for each byte. */
function keyOf(question: Uint8Array): string {
  return Buffer.from(question.buffer, question.byteOffset, question.length).toString('latin1');
}
