import { readFile } from 'node:fs/promises';
import { keyIdOf, type PrivateKey } from '@warg/crypto';
import { createRegistry, type Registry } from '../create-registry.ts';
import { type RunningServer, serve } from '../http/node-server.ts';
import { parseAuthorizedKeys } from '../policy/authorized-keys.ts';
import type { RecordPolicy, RegistryLog } from '../registry/registry.ts';
import { openContent } from './content.ts';
import { openError } from './open-error.ts';
import type { ListenAddress } from './option-values.ts';
import { ProgramError } from './program-error.ts';
import type { ServeOptions } from './serve-command.ts';
import { chooseStore } from './store-location.ts';

/** A registry that serves. */
export interface RunningRegistry {
  readonly url: string;
  /** Resolves if the registry can no longer write. */
  readonly failed: Promise<Error>;
  /** Answers what was asked, finishes what was accepted, closes everything. */
  close(): Promise<void>;
}

/**
 * Opens the registry and listens.
 *
 * @throws ProgramError for everything that whoever started the program can mend
 */
export async function startRegistry(
  options: ServeOptions,
  operatorKey: PrivateKey,
  log: RegistryLog,
): Promise<RunningRegistry> {
  let onFailure: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    onFailure = resolve;
  });
  const registry = await openRegistry(options, operatorKey, log, onFailure);
  let server: RunningServer;
  try {
    server = await serve(registry, options.listen);
  } catch (error) {
    await registry.close();
    throw listenError(error, options.listen);
  }
  return {
    url: server.url,
    failed,
    close: async () => {
      await server.close();
      await registry.close();
    },
  };
}

async function openRegistry(
  options: ServeOptions,
  operatorKey: PrivateKey,
  log: RegistryLog,
  onFailure: (error: Error) => void,
): Promise<Registry> {
  const { publicUrl, contentBaseUrl, contentRedirect } = options;
  const recordPolicy = await readPolicy(options.authorizedKeysFile);
  const store = await chooseStore(options);
  const { content, where } = await openContent(options, process.env);
  try {
    const registry = await createRegistry({
      operatorKey,
      store: store.location,
      content,
      namespaces: [
        ...options.namespace,
        ...options.importNamespace.map((each) => ({ ...each, state: 'imported' as const })),
      ],
      maxContentBytes: options.maxContentSize,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(contentBaseUrl === undefined ? {} : { contentBaseUrl }),
      ...(contentRedirect === undefined ? {} : { contentRedirect }),
      ...(recordPolicy === undefined ? {} : { recordPolicy }),
      log,
      onFailure,
    });
    log.info(
      {
        store: store.name,
        content: where,
        operatorKeyId: keyIdOf(registry.operatorKey),
      },
      'registry opened',
    );
    return registry;
  } catch (error) {
    throw openError(error, store.option);
  }
}

async function readPolicy(file: string | undefined): Promise<RecordPolicy | undefined> {
  if (file === undefined) return undefined;
  try {
    return parseAuthorizedKeys(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ProgramError(`cannot use the authorized keys file \`${file}\`: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function listenError(error: unknown, { host, port }: ListenAddress): unknown {
  const where = `${host}:${port}`;
  const explain = (text: string): ProgramError => new ProgramError(text, { cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return explain(
        `cannot listen on ${where}: another program does. Choose another port with --listen; port 0 takes a free one.`,
      );
    case 'EACCES':
      return explain(
        `cannot listen on ${where}: not permitted. Ports below 1024 often need more rights; choose another with --listen.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return explain(`cannot listen on ${where}: this machine has no such address.`);
    default:
      return error;
  }
}
