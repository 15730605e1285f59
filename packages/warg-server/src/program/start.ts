import { keyIdOf, publicKeyOf } from '@warg/crypto';
import { createRegistry, type Registry } from '../create-registry.ts';
import { metricsHandler } from '../http/metrics-handler.ts';
import { type FetchHandler, type RunningServer, serve } from '../http/node-server.ts';
import type { ContentPolicy } from '../policy/content/content-policy.ts';
import { wasmContentPolicy } from '../policy/content/wasm-policy.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import { openContent } from './content.ts';
import { readLogKey } from './log-key.ts';
import { openError } from './open-error.ts';
import type { Operator } from './operator.ts';
import { readOperatorKey } from './operator-key.ts';
import type { ListenAddress } from './option-values.ts';
import { accessOf } from './options/access-options.ts';
import { openPolicyFile, type PolicyFile } from './policy-file.ts';
import { ExitCode, ProgramError } from './program-error.ts';
import { readRestore } from './restore.ts';
import type { ServeOptions } from './serve-command.ts';
import { chooseStore } from './store-location.ts';

/** A registry that serves. */
export interface RunningRegistry {
  readonly url: string;
  /** Resolves if the registry can no longer write. */
  readonly failed: Promise<Error>;
  /** Reads the operator's key and the authorized keys again, from the files that hold them. Never rejects. */
  reload(): Promise<void>;
  /** Answers what was asked, finishes what was accepted, closes everything. */
  close(): Promise<void>;
}

/**
 * Opens the registry and listens.
 *
 * @param signal ends the opening
 * @throws the reason of `signal`; ProgramError for everything that whoever started the program can mend
 */
export async function startRegistry(
  options: ServeOptions,
  operator: Operator,
  log: RegistryLog,
  signal: AbortSignal,
): Promise<RunningRegistry> {
  let onFailure: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    onFailure = resolve;
  });
  const file = options.authorizedKeysFile;
  const policy = file === undefined ? undefined : await openPolicyFile(file, log);
  const registry = await openRegistry(options, operator, policy, log, signal, onFailure).catch((error) => {
    policy?.close();
    throw error;
  });
  const servers: RunningServer[] = [];
  const closeAll = async () => {
    policy?.close();
    await Promise.all(servers.map((server) => server.close()));
    await registry.close();
  };
  const { listen, metricsListen } = options;
  const server = await listenOn(registry, listen, '--listen');
  if (metricsListen !== undefined) {
    const metrics = await listenOn(metricsHandler(registry), metricsListen, '--metrics-listen');
    log.info({ url: `${metrics.url}/metrics` }, 'metrics');
  }

  async function listenOn(handler: FetchHandler, address: ListenAddress, option: string) {
    try {
      const started = await serve(handler, { ...address, direct: !options.withoutFastPath });
      servers.push(started);
      return started;
    } catch (error) {
      await closeAll();
      throw listenError(error, address, option);
    }
  }

  return {
    url: server.url,
    failed,
    reload: async () => {
      await policy?.reload();
      await reloadOperatorKey(options, registry, log);
    },
    close: closeAll,
  };
}

async function openRegistry(
  options: ServeOptions,
  operator: Operator,
  policy: PolicyFile | undefined,
  log: RegistryLog,
  signal: AbortSignal,
  onFailure: (error: Error) => void,
): Promise<Registry> {
  const { publicUrl, contentBaseUrl, contentRedirect, contentUpload } = options;
  const logKey = await readLogKey(options);
  requireTokenStore(options);
  const restore = await readRestore(options);
  const store = await chooseStore(options);
  const { content, where } = await openContent(options, process.env);
  try {
    const registry = await createRegistry({
      ...operator,
      role: options.role,
      store: store.location,
      content,
      namespaces: [
        ...options.namespace,
        ...options.importNamespace.map((each) => ({ ...each, state: 'imported' as const })),
      ],
      maxContentBytes: options.maxContentSize,
      rateLimits: options.rateLimit,
      trustedProxies: options.trustedProxy,
      access: accessOf(options),
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(contentBaseUrl === undefined ? {} : { contentBaseUrl }),
      ...(contentRedirect === undefined ? {} : { contentRedirectSeconds: contentRedirect }),
      ...(contentUpload === undefined ? {} : { contentUploadSeconds: contentUpload }),
      ...(options.contentSourceHost.length === 0
        ? {}
        : { contentSources: { hosts: options.contentSourceHost } }),
      ...(policy === undefined ? {} : { recordPolicy: policy.policy }),
      ...(options.contentKind.length === 0 ? {} : { contentPolicy: contentPolicyOf(options) }),
      ...(logKey === undefined ? {} : { logKey }),
      restore,
      readyCheckpointAge: options.readyCheckpointAge,
      metrics: options.metricsListen !== undefined,
      limits: { proofRetention: options.proofRetention },
      log,
      signal,
      onFailure,
    });
    log.info(
      {
        store: store.name,
        access: options.private ? 'private' : options.publishTokens ? 'tokens to publish' : 'public',
        content: where,
        operatorKeyId: keyIdOf(registry.operatorKey),
        ...(logKey === undefined ? {} : { logVerifierKey: logKey.verifierKey }),
      },
      'registry opened',
    );
    return registry;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw openError(error, store.option);
  }
}

/** The largest content that can be looked at, whatever is accepted: it lies in memory then. */
const largestChecked = 3 * 2 ** 30;

function contentPolicyOf({ contentKind: kinds, maxContentSize }: ServeOptions): ContentPolicy {
  return wasmContentPolicy({ kinds, maxBytes: Math.min(maxContentSize, largestChecked) });
}

/** Goes over to the key that is in the file now, if it is another. What hinders it leaves the key as it is. */
async function reloadOperatorKey(options: ServeOptions, registry: Registry, log: RegistryLog): Promise<void> {
  if (options.operatorKeyFile === undefined) return;
  const before = keyIdOf(registry.operatorKey);
  try {
    const key = await readOperatorKey(options);
    if (publicKeyOf(key) === registry.operatorKey) return;
    await registry.useOperatorKey(key);
    log.info({ before, operatorKeyId: keyIdOf(registry.operatorKey) }, 'the registry signs with another key');
  } catch (error) {
    const reason = (error as Error).message;
    log.error(
      { operatorKeyId: before, error: reason },
      'the registry goes on with the operator key that it has',
    );
  }
}

/** @throws ProgramError with exit code 2 where nobody could ever make a token */
function requireTokenStore(options: ServeOptions): void {
  const option = options.private ? '--private' : options.publishTokens ? '--publish-tokens' : undefined;
  if (option === undefined || options.dataStore !== 'memory') return;
  throw new ProgramError(
    `${option} needs a store that \`warg-server token add\` can reach, and nobody can reach the memory of this program: ` +
      'take --data-store sqlite or postgres',
    { exitCode: ExitCode.usage },
  );
}

function listenError(error: unknown, { host, port }: ListenAddress, option: string): unknown {
  const where = `${host}:${port}`;
  const explain = (text: string): ProgramError => new ProgramError(text, { cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return explain(
        `cannot listen on ${where}: another program does. Choose another port with ${option}; port 0 takes a free one.`,
      );
    case 'EACCES':
      return explain(
        `cannot listen on ${where}: not permitted. Ports below 1024 often need more rights; choose another with ${option}.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return explain(`cannot listen on ${where}: this machine has no such address.`);
    default:
      return error;
  }
}
