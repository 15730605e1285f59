import type { StoredPage } from './store.ts';

/** Pages that were added together, one behind the other. */
interface Piece {
  readonly ids: readonly number[];
  /** Where each of them ends. */
  readonly ends: readonly number[];
  readonly bytes: Uint8Array;
  /** How many bytes of pages that are still there. */
  live: number;
}

/**
 * The bytes of pages by their ids. Those that come together are kept in one array: a map has more pages than a collector of
 * garbage likes to look at arrays.
 */
export class StoredPieces {
  readonly #pieces = new Map<number, Piece>();

  /** The number of bytes that are kept, those of deleted pages included that are not let go yet. */
  get bytes(): number {
    let bytes = 0;
    for (const piece of new Set(this.#pieces.values())) bytes += piece.bytes.length;
    return bytes;
  }

  /** A view. */
  get(id: number): Uint8Array | undefined {
    const piece = this.#pieces.get(id);
    return piece && bytesIn(piece, piece.ids.indexOf(id));
  }

  /** Copies pages, each with an id of its own, in place of those that had these ids. */
  add(pages: readonly StoredPage[]): void {
    for (const { id } of pages) this.delete(id);
    this.#keep(pages);
  }

  delete(id: number): void {
    const piece = this.#pieces.get(id);
    if (piece === undefined) return;
    this.#pieces.delete(id);
    piece.live -= bytesIn(piece, piece.ids.indexOf(id)).length;
    // What was kept with much that is gone is copied, so that there is never more than twice as much as there are pages.
    if (2 * piece.live >= piece.bytes.length) return;
    const left: StoredPage[] = [];
    piece.ids.forEach((other, i) => {
      if (this.#pieces.get(other) === piece) left.push({ id: other, bytes: bytesIn(piece, i) });
    });
    this.#keep(left);
  }

  #keep(pages: readonly StoredPage[]): void {
    const ids: number[] = [];
    const ends: number[] = [];
    let size = 0;
    for (const { id, bytes } of pages) {
      ids.push(id);
      size += bytes.length;
      ends.push(size);
    }
    const piece: Piece = { ids, ends, bytes: new Uint8Array(size), live: size };
    for (let i = 0; i < pages.length; i++) {
      const { id, bytes } = pages[i]!;
      piece.bytes.set(bytes, ends[i]! - bytes.length);
      this.#pieces.set(id, piece);
    }
  }
}

function bytesIn({ ends, bytes }: Piece, i: number): Uint8Array {
  return bytes.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!);
}
