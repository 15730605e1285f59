import { join } from 'node:path';
import { ContentError, type ContentStore } from '../content/content-store.ts';
import { fileContentStore } from '../content/file-content.ts';
import { memoryContentStore } from '../content/memory-content.ts';
import { ociContentStore } from '../content/oci/oci-content.ts';
import { reasonOf } from '../content/remote/operation.ts';
import { type S3Credentials, s3ContentStore } from '../content/s3/s3-content.ts';
import type { ContentLocation } from './content-location.ts';
import { prepareDir } from './data-dir.ts';
import type { ContentOptions } from './options/content-options.ts';
import type { StoreOptions } from './options/store-options.ts';
import { ExitCode, ProgramError } from './program-error.ts';

/** The environment variables that say who we are to a store. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The options that say where contents are: next to the records, if nowhere else. */
type ContentPlaceOptions = Pick<StoreOptions, 'dataStore' | 'dataDir'> & ContentOptions;

/** A content store that is open. */
export interface OpenContent {
  readonly content: ContentStore;
  /** Where it is, for the log. */
  readonly where: string;
}

/**
 * Opens the store that the options name, and sees whether it can be used.
 *
 * @throws ProgramError; with exit code 2 for options that do not go together
 */
export async function openContent(options: ContentPlaceOptions, env: Environment): Promise<OpenContent> {
  const { contentStore, dataStore, dataDir } = options;
  requireS3(options);
  if (contentStore === undefined) return await openLocal(options);
  // In the data folder if there is one: where temporary files lie is often memory.
  const spoolDir = dataStore === 'memory' ? undefined : join(dataDir, 'uploads');
  if (spoolDir !== undefined) await prepareDir(spoolDir, '--data-dir');
  const spool = spoolDir === undefined ? {} : { spoolDir };
  try {
    const content =
      contentStore.type === 's3'
        ? await s3ContentStore({ ...s3Place(contentStore, options, env), ...spool })
        : await ociContentStore({ host: contentStore.host, repository: contentStore.repository, ...spool });
    return { content, where: contentStore.url };
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    const reason = reasonOf(error.cause);
    throw new ProgramError(
      `cannot use the content store \`${contentStore.url}\` (--content-store): ${reason}`,
      { cause: error },
    );
  }
}

async function openLocal({ contentDir, dataStore, dataDir }: ContentPlaceOptions): Promise<OpenContent> {
  const dir = contentDir ?? (dataStore === 'memory' ? undefined : join(dataDir, 'content'));
  if (dir === undefined) return { content: memoryContentStore(), where: 'memory, gone at exit' };
  await prepareDir(dir, '--content-dir');
  return { content: await fileContentStore(dir), where: dir };
}

/** Refuses options that mean nothing for the store that is used: whoever gave them meant another one. */
function requireS3(options: ContentOptions): void {
  const { contentStore, contentStoreEndpoint, contentRedirect, contentUpload } = options;
  if (contentStore?.type === 's3') return;
  const option =
    contentStoreEndpoint !== undefined
      ? '--content-store-endpoint'
      : contentRedirect !== undefined
        ? '--content-redirect'
        : contentUpload !== undefined
          ? '--content-upload'
          : undefined;
  if (option === undefined) return;
  throw new ProgramError(
    `${option} is for a content store in S3: give it --content-store s3://…, or leave it out`,
    {
      exitCode: ExitCode.usage,
    },
  );
}

function s3Place(
  { bucket, prefix }: Extract<ContentLocation, { type: 's3' }>,
  { contentStoreEndpoint: endpoint }: ContentOptions,
  env: Environment,
) {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  if (endpoint === undefined && !region) {
    throw usage('a region', 'AWS_REGION, or --content-store-endpoint for a service that is not of AWS');
  }
  return {
    bucket,
    prefix,
    credentials: s3Credentials(env),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region ? { region } : {}),
  };
}

function s3Credentials(env: Environment): S3Credentials {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) {
    throw usage('credentials', 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function usage(what: string, variables: string): ProgramError {
  return new ProgramError(`a content store in S3 needs ${what}: set ${variables}`, {
    exitCode: ExitCode.usage,
  });
}
