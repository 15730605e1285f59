import { type Digest, digestOf } from '@warg/crypto';
import type { ByteRange, ContentStore, StoredContent } from '../content-store.ts';
import { contentFileName, digestOfFileName } from '../file-content.ts';
import { defaultPatience, discard, type Patience, readSmall } from '../remote/exchange.ts';
import { operate, StoreAnswerError, StoreProtocolError } from '../remote/operation.ts';
import { partOf, rangeHeader } from '../remote/part.ts';
import { openSpool, type SpooledFile } from '../spool.ts';
import {
  encodeConfig,
  encodeManifest,
  layerSize,
  manifestFacts,
  manifestTypes,
  mediaTypes,
} from './artifact.ts';
import { describeWasm } from './component-names.ts';
import { type CredentialSource, dockerCredentials } from './docker-config.ts';
import { apiHost, type OciAction, type OciRequest, ociClient } from './oci-client.ts';

/** Where in an OCI registry contents are kept. */
export interface OciOptions {
  /** Host of the registry, with its port if it has one: `registry.example`, `127.0.0.1:5000`. */
  readonly host: string;
  /** The repository that gets one tag for each content: `team/packages`. */
  readonly repository: string;
  /** Asked whenever the registry wants to know who we are. Default: Docker's configuration. */
  readonly credentials?: CredentialSource;
  /** Folder in which uploads grow until they are whole. Default: a new temporary one. */
  readonly spoolDir?: string;
  readonly patience?: Partial<Patience>;
}

const largestManifest = 2 ** 16;
const largestTagList = 2 ** 20;
const largestLayer = 2 ** 40;

/**
 * Keeps contents in one repository of an OCI registry, each as a Wasm OCI artifact of its own under the tag
 * `sha256-<hex>`: a manifest, a configuration, and the content as the single layer. The same content makes the same
 * artifact, so that it can be pushed any number of times.
 *
 * An upload grows in a local file and is pushed once its digest is right. A content is there once its manifest is.
 *
 * @throws ContentError `CONTENT_STORE_UNAVAILABLE` when the registry cannot be used
 * @see https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/
 *
 * @example
 * const content = await ociContentStore({ host: '127.0.0.1:5000', repository: 'packages' });
 */
export async function ociContentStore(options: OciOptions): Promise<ContentStore> {
  const { host, repository, credentials = dockerCredentials } = options;
  const patience = { ...defaultPatience, ...options.patience };
  const spool = await openSpool(options.spoolDir);
  const client = ociClient({
    host: apiHost(host),
    credentials: () => credentials(host),
    idle: patience.idle,
    closed: spool.closed,
  });
  const base = new URL(`/v2/${repository}/`, client.origin);

  try {
    await operate('use the OCI registry', patience, spool.closed, async () => {
      await expect(
        'the question for its API',
        'pull',
        { method: 'GET', url: new URL('/v2/', client.origin) },
        [200],
      );
      await sizeOf(digestOf());
    });
  } catch (error) {
    await spool.close();
    throw error;
  }

  return {
    size: (digest: Digest): Promise<number | undefined> =>
      operate(`ask for ${digest}`, patience, spool.closed, () => sizeOf(digest)),

    read: (digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> =>
      operate(`read ${digest}`, patience, spool.closed, async () => {
        const request: OciRequest = {
          method: 'GET',
          url: new URL(`blobs/${digest}`, base),
          headers: rangeHeader(range),
        };
        const response = await expect('a download', 'pull', request, [200, 206]);
        return partOf(response, range, patience.idle);
      }),

    write: (digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> =>
      spool.take(digest, body, Math.min(maxBytes, largestLayer), async (file) => {
        const config = encodeConfig(digest, await describeWasm(file.path));
        await operate(`write ${digest}`, patience, spool.closed, async () => {
          // What is there is left alone: a registry may lose sight of a tag while it is written again.
          if ((await sizeOf(digest)) === file.size) return;
          await pushBlob(digest, file);
          await pushBlob(digestOf(config), config);
          await pushManifest(digest, encodeManifest(config, { digest, size: file.size }, new Date()));
        });
        return file.size;
      }),

    async *list(): AsyncGenerator<StoredContent> {
      let page: URL | undefined = new URL('tags/list?n=100', base);
      while (page !== undefined) {
        const url: URL = page;
        const { tags, next } = await operate('list the contents', patience, spool.closed, () => tagsAt(url));
        for (const tag of tags) {
          const digest = digestOfFileName(tag);
          const found =
            digest && (await operate(`ask for ${digest}`, patience, spool.closed, () => manifestOf(digest)));
          const size = digest && found && layerSize(found, digest);
          if (digest === undefined || found === undefined || size === undefined) continue;
          yield { digest, size, storedAt: manifestFacts(found).created };
        }
        page = next;
      }
    },

    remove: (digest: Digest): Promise<void> =>
      operate(`remove ${digest}`, patience, spool.closed, async () => {
        const manifest = await manifestOf(digest);
        if (manifest === undefined || layerSize(manifest, digest) === undefined) return;
        const { config } = manifestFacts(manifest);
        // The manifest goes last: until then the content is found, and its removal can be tried again.
        await removeAt(`blobs/${digest}`);
        if (config !== undefined) await removeAt(`blobs/${config}`);
        await removeAt(`manifests/${digestOf(manifest)}`);
      }),

    close: () => spool.close(),
  };

  async function removeAt(path: string): Promise<void> {
    const response = await client.send('delete', { method: 'DELETE', url: new URL(path, base) });
    if (response.ok || response.status === 404) await discard(response);
    else throw await refused('a removal', response);
  }

  /** A page of the tags, and where the next one is. */
  async function tagsAt(
    url: URL,
  ): Promise<{ readonly tags: readonly string[]; readonly next: URL | undefined }> {
    const response = await client.send('pull', { method: 'GET', url });
    // So some registries say that nothing was ever pushed.
    if (response.status === 404) {
      await discard(response);
      return { tags: [], next: undefined };
    }
    if (response.status !== 200) throw await refused('a list of the tags', response);
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
    const next = link !== undefined && URL.canParse(link, url.href) ? new URL(link, url) : undefined;
    if (next !== undefined && (next.origin !== client.origin.origin || next.href === url.href)) {
      throw new StoreProtocolError('the registry lists its tags at another place');
    }
    const bytes = await readSmall(response, largestTagList, patience.idle);
    return { tags: tagsOf(bytes), next };
  }

  /** The size that the manifest says. Without a manifest a registry may throw a blob away, so that alone is not enough. */
  async function sizeOf(digest: Digest): Promise<number | undefined> {
    const manifest = await manifestOf(digest);
    return manifest && layerSize(manifest, digest);
  }

  async function manifestOf(digest: Digest): Promise<Uint8Array | undefined> {
    const headers = { accept: manifestTypes.join(', ') };
    const request: OciRequest = { method: 'GET', url: manifestUrl(digest), headers };
    const response = await client.send('pull', request);
    if (response.status === 200) {
      return await readSmall(response, largestManifest, patience.idle);
    }
    const refusal = await refused('the question for a manifest', response);
    // Some registries deny that there is anything where nothing was ever pushed. Who lacks the rights notices when pushing.
    if (response.status === 404 || (response.status === 403 && refusal.detail === 'DENIED')) return undefined;
    throw refusal;
  }

  /** Uploads a blob in one piece, unless it is there. The registry checks the digest again. */
  async function pushBlob(digest: Digest, body: SpooledFile | Uint8Array<ArrayBuffer>): Promise<void> {
    const url = new URL(`blobs/${digest}`, base);
    const known = await client.send('push', { method: 'HEAD', url });
    await discard(known);
    if (known.status === 200) return;
    const begin: OciRequest = { method: 'POST', url: new URL('blobs/uploads/', base) };
    const begun = await expect('the begin of an upload', 'push', begin, [202]);
    await discard(begun);
    const target = client.locationOf(begun, begin.url, 'the begin of an upload');
    target.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await discard(await expect('an upload', 'push', { method: 'PUT', url: target, headers, body }, [201]));
  }

  async function pushManifest(digest: Digest, manifest: Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': mediaTypes.manifest };
    const request: OciRequest = { method: 'PUT', url: manifestUrl(digest), headers, body: manifest };
    const response = await client.send('push', request);
    if (response.status === 201) {
      await discard(response);
      return;
    }
    const refusal = await refused('a manifest', response);
    // docker-registry says so of what it wrote itself, while two push the same: the next try finds it in order.
    const mayPass = ['DIGEST_INVALID', 'BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'].includes(
      refusal.detail ?? '',
    );
    throw mayPass ? new Error(refusal.message) : refusal;
  }

  function manifestUrl(digest: Digest): URL {
    return new URL(`manifests/${contentFileName(digest)}`, base);
  }

  async function expect(
    what: string,
    action: OciAction,
    request: OciRequest,
    statuses: readonly number[],
  ): Promise<Response> {
    const response = await client.send(action, request);
    if (!statuses.includes(response.status)) throw await refused(what, response);
    return response;
  }

  async function refused(what: string, response: Response): Promise<StoreAnswerError> {
    const text = Buffer.from(await readSmall(response, largestManifest, patience.idle)).toString();
    // The code alone: messages of a store may repeat what was sent to it.
    return new StoreAnswerError(what, response.status, /"code"\s*:\s*"([A-Z_]{1,50})"/.exec(text)?.[1]);
  }
}

function tagsOf(bytes: Uint8Array): readonly string[] {
  let tags: unknown;
  try {
    tags = (JSON.parse(Buffer.from(bytes).toString()) as { tags?: unknown } | null)?.tags;
  } catch {
    throw new StoreProtocolError('expected a list of tags, found no JSON');
  }
  // A repository of no tags has null.
  if (tags === null || tags === undefined) return [];
  if (!Array.isArray(tags)) throw new StoreProtocolError('expected a list of tags');
  return tags.filter((tag) => typeof tag === 'string');
}
