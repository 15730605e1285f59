import type { ContentDestination, ContentSink, OpenableContent } from '../content/content.ts';
import { chunksOf, contentMismatch, hashInto, streamOf, verifiedChunks } from '../content/hashing.ts';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import type { CallOptions, DownloadOptions } from '../options.ts';
import type { DownloadResult, Resolution } from '../results.ts';
import { fetchContent } from './fetch-content.ts';

/**
 * Brings a resolved version's content to where it shall be. It is hashed on the way, from the cache too, and takes
 * its final name only when it matched.
 */
export async function downloadContent(
  context: ClientContext,
  resolution: Resolution,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const destination = destinationOf(context, options.to);
  reporter(options)({
    type: 'resolved',
    name: resolution.name,
    version: resolution.version,
    digest: resolution.digest,
  });
  if (options.cache !== false) {
    const cached = await fromCache(context, resolution, destination, options);
    if (cached !== undefined) return cached;
  }
  return fromNetwork(context, resolution, destination, options);
}

function destinationOf(context: ClientContext, to: DownloadOptions['to']): ContentDestination | undefined {
  if (typeof to !== 'string') return to;
  const destination = context.storage.destination?.(to);
  if (destination !== undefined) return destination;
  throw new ClientError(
    'DESTINATION_UNSUPPORTED',
    `expected a destination to write to, found the path ${JSON.stringify(to)}, but this storage knows no files: use fileStorage, or fileDestination(path)`,
    { path: to },
  );
}

async function fromCache(
  context: ClientContext,
  resolution: Resolution,
  destination: ContentDestination | undefined,
  options: DownloadOptions,
): Promise<DownloadResult | undefined> {
  const { digest } = resolution;
  const cached = await context.storage.content.get(digest);
  if (cached === undefined) return undefined;
  let path = cached.path;
  try {
    if (destination === undefined) await hashChecked(cached, digest, undefined, options);
    else path = await copyChecked(cached, digest, destination, options);
  } catch (error) {
    if (!isClientError(error, 'CONTENT_MISMATCH')) throw error;
    // A copy that rotted, or that somebody changed. Online it is fetched anew; offline there is no other.
    if (context.offline) throw error;
    await context.storage.content.delete(digest);
    return undefined;
  }
  return result(resolution, cached.size, path, 'cache', destination?.read() ?? cached);
}

async function fromNetwork(
  context: ClientContext,
  resolution: Resolution,
  destination: ContentDestination | undefined,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const { digest } = resolution;
  const { content } = context.storage;
  const caches = options.cache !== false || destination === undefined;
  const { sink, size } = await fetchContent(
    context,
    digest,
    () => (caches ? content.open() : destination.open()),
    options,
  );
  const path = await committing(sink, digest, options);
  if (!caches) return result(resolution, size, path, 'network', destination.read());
  const cached = await content.get(digest);
  if (cached === undefined)
    throw new ClientError('STORAGE_FAILED', `content ${digest} disappeared from the cache`, { digest });
  if (destination === undefined) return result(resolution, size, path, 'network', cached);
  const place = await copyChecked(cached, digest, destination, options);
  return result(resolution, size, place, 'network', destination.read());
}

async function copyChecked(
  source: OpenableContent,
  digest: Resolution['digest'],
  destination: ContentDestination,
  options: CallOptions,
): Promise<string | undefined> {
  const sink = await destination.open();
  try {
    await hashChecked(source, digest, sink, options);
  } catch (error) {
    await sink.abort();
    throw error;
  }
  return committing(sink, digest, options);
}

async function hashChecked(
  source: OpenableContent,
  digest: Resolution['digest'],
  sink: ContentSink | undefined,
  { signal }: CallOptions,
): Promise<void> {
  const chunks = chunksOf(source.open());
  const found = await hashInto(chunks, sink, () => signal?.throwIfAborted());
  if (found.digest !== digest) throw contentMismatch(digest, found.digest, 'the cache');
}

async function committing(
  sink: ContentSink,
  digest: Resolution['digest'],
  { signal }: CallOptions,
): Promise<string | undefined> {
  try {
    signal?.throwIfAborted();
    return await sink.commit(digest);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

function result(
  resolution: Resolution,
  size: number,
  path: string | undefined,
  from: DownloadResult['from'],
  source: OpenableContent,
): DownloadResult {
  const open = () => streamOf(verifiedChunks(source, resolution.digest));
  return {
    ...resolution,
    size,
    path,
    from,
    open,
    bytes: async () => new Uint8Array(await new Response(open()).arrayBuffer()),
  };
}
