import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  type PackageName,
  parsePackageName,
} from '@warg/protocol';

/** A record as it was fetched: known to be the one that the ledger names. */
export interface FetchedRecord {
  readonly envelope: Envelope;
  /** The name of the package whose log this record begins. */
  readonly packageName: PackageName | undefined;
}

/** Read at once. */
const CHUNK = 1024 * 1024;
/** The lengths of name and envelope. */
const HEAD_BYTES = 8;

/**
 * Keeps fetched records, in the order of the log, in a temporary file: a registry may have more than memory holds, and a
 * database does not wait for another registry in the middle of a transaction.
 */
export class RecordSpool {
  readonly #dir: string;
  readonly #file: FileHandle;
  #size = 0;

  private constructor(dir: string, file: FileHandle) {
    this.#dir = dir;
    this.#file = file;
  }

  /** @param parent a folder on a disk with room for all records */
  static async open(parent: string): Promise<RecordSpool> {
    const dir = await mkdtemp(join(parent, 'import-'));
    const spool = new RecordSpool(dir, await open(join(dir, 'records'), 'wx+', 0o600));
    // Where a file can be used that has no name any more, nothing is left of it however this process ends.
    if (process.platform !== 'win32') await rm(dir, { recursive: true });
    return spool;
  }

  async append(records: readonly FetchedRecord[]): Promise<void> {
    const parts = records.flatMap(({ envelope, packageName = '' }) => {
      const name = Buffer.from(packageName);
      const body = encodeEnvelope(envelope);
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32LE(name.length, 0);
      head.writeUInt32LE(body.length, 4);
      return [head, name, body];
    });
    const bytes = Buffer.concat(parts);
    for (let written = 0; written < bytes.length; ) {
      written += (await this.#file.write(bytes, written, bytes.length - written, this.#size + written))
        .bytesWritten;
    }
    this.#size += bytes.length;
  }

  /** All records, in groups of at most `size`; the same again at each call. */
  async *groups(size: number): AsyncGenerator<readonly FetchedRecord[]> {
    let group: FetchedRecord[] = [];
    for await (const record of this.#records()) {
      group.push(record);
      if (group.length < size) continue;
      yield group;
      group = [];
    }
    if (group.length > 0) yield group;
  }

  async close(): Promise<void> {
    await this.#file.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async *#records(): AsyncGenerator<FetchedRecord> {
    let chunk: Buffer = Buffer.alloc(0);
    let position = 0;
    const take = async (count: number): Promise<Buffer> => {
      while (chunk.length < count) {
        const more = Buffer.alloc(Math.max(CHUNK, count - chunk.length));
        const { bytesRead } = await this.#file.read(more, 0, more.length, position);
        if (bytesRead === 0) throw new Error('the temporary file of the import has lost its end');
        position += bytesRead;
        chunk = Buffer.concat([chunk, more.subarray(0, bytesRead)]);
      }
      const taken = chunk.subarray(0, count);
      chunk = chunk.subarray(count);
      return taken;
    };
    while (position - chunk.length < this.#size) {
      const head = await take(HEAD_BYTES);
      const name = (await take(head.readUInt32LE(0))).toString();
      const envelope = decodeEnvelope(new Uint8Array(await take(head.readUInt32LE(4))));
      yield { envelope, packageName: name === '' ? undefined : parsePackageName(name) };
    }
  }
}
