import { namespaceOf, type PackageName } from '@warg/protocol';
import { ApiError, formatRegistryHint } from '@warg/protocol/api';
import { BoundedCache } from '../registry/bounded-cache.ts';
import type { ReadFilter, RegistryCore } from '../registry/registry.ts';
import { withHint } from './errors.ts';

/** What is remembered, bytes: names are told by anybody. */
const KEPT = 2 * 1024 * 1024;
/** What a log takes besides its name, about. */
const FRAME = 150;

/**
 * Says where the packages of imported namespaces are (`Warg-Registry-Hint`).
 *
 * A log id does not tell its package's name, and a wrong hint sends the Rust client round in circles. So a hint is given
 * only for logs whose names this registry has been told, by those who tried to publish them here.
 */
export class ImportedLogs {
  readonly #core: RegistryCore;
  readonly #names = new BoundedCache<string, PackageName>(KEPT, (name) => FRAME + name.length);

  constructor(core: RegistryCore) {
    this.#core = core;
  }

  /** Remembers the name behind a log that another registry has. */
  remember(logId: string, name: PackageName): void {
    this.#names.set(logId, name);
  }

  /**
   * Runs what asks for logs, and adds the hint to the error if it is one of these that was not found.
   *
   * @param mayRead of which packages the asker may know
   * @throws whatever `ask` throws
   */
  async hinting<T>(
    logIds: readonly string[],
    mayRead: ReadFilter | undefined,
    ask: () => Promise<T>,
  ): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      for (const logId of logIds) {
        const name = this.#names.get(logId);
        const hint = name === undefined || mayRead?.(name) === false ? undefined : await this.#hintOf(name);
        if (hint !== undefined) throw withHint(error, hint);
      }
      throw error;
    }
  }

  /** The value of the header for a package, if its namespace is imported. */
  async #hintOf(name: PackageName): Promise<string | undefined> {
    const namespace = namespaceOf(name);
    const found = await this.#core.namespaceState(namespace);
    return found?.state === 'imported'
      ? formatRegistryHint({ namespace, registry: found.registry })
      : undefined;
  }
}
