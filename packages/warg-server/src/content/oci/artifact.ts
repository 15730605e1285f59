import { type Digest, decodeUtf8, digestOf, encodeUtf8, isDigest } from '@warg/crypto';
import { StoreProtocolError } from '../remote/operation.ts';

/** The media types of a Wasm OCI artifact, as they are written. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.wasm.config.v0+json',
  layer: 'application/wasm',
} as const;

/** What a registry is asked for: an artifact, and nothing that it might be turned into. */
export const manifestTypes: readonly string[] = [mediaTypes.manifest];

/** What a content is, as far as an artifact's configuration says it. */
export type WasmDescription =
  /** A component, with the names of what it imports and exports. */
  | { readonly type: 'component'; readonly imports: readonly string[]; readonly exports: readonly string[] }
  /** A core module, or whatever else a publisher may have sent. */
  | { readonly type: 'other' };

/**
 * Writes the configuration of an artifact. It depends on the content alone: the time of its creation is left at zero, so
 * that all who push a content push the same artifact.
 */
export function encodeConfig(layer: Digest, description: WasmDescription): Uint8Array<ArrayBuffer> {
  const common = { created: '1970-01-01T00:00:00Z', architecture: 'wasm' };
  if (description.type === 'other') return json({ ...common, os: 'wasip1', layerDigests: [layer] });
  const { imports, exports } = description;
  return json({ ...common, os: 'wasip2', layerDigests: [layer], component: { exports, imports } });
}

/** The annotation that says when an artifact was made; registries do not tell when something was pushed. */
const createdAnnotation = 'org.opencontainers.image.created';

/** What a manifest says of the artifact besides its layer. */
export interface ManifestFacts {
  /** ms since the epoch; undefined if it does not say */
  readonly created: number | undefined;
  /** The digest of its configuration; undefined if it names none. */
  readonly config: Digest | undefined;
}

/** Reads when an artifact was made, and what else belongs to it. */
export function manifestFacts(manifest: Uint8Array): ManifestFacts {
  const { annotations, config } = (parse(manifest) ?? {}) as {
    annotations?: Record<string, unknown> | null;
    config?: { digest?: unknown } | null;
  };
  const created = annotations?.[createdAnnotation];
  const time = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  const digest = config?.digest;
  return {
    created: Number.isNaN(time) ? undefined : time,
    config: typeof digest === 'string' && isDigest(digest) ? digest : undefined,
  };
}

/** Writes the manifest: the configuration and the content as the single layer. */
export function encodeManifest(
  config: Uint8Array,
  layer: { readonly digest: Digest; readonly size: number },
  created: Date,
): Uint8Array<ArrayBuffer> {
  return json({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.byteLength },
    layers: [{ mediaType: mediaTypes.layer, digest: layer.digest, size: layer.size }],
    annotations: { [createdAnnotation]: created.toISOString() },
  });
}

/**
 * Reads from a manifest how large its layer is. The layer's media type does not count: several are in use.
 *
 * @returns undefined if the artifact has not this content as its single layer
 * @throws StoreProtocolError if it is no manifest
 */
export function layerSize(manifest: Uint8Array, digest: Digest): number | undefined {
  const value = parse(manifest);
  const layers: unknown = (value as { layers?: unknown } | null)?.layers;
  if (!Array.isArray(layers)) throw new StoreProtocolError('expected a manifest with layers, found none');
  const [layer] = layers as ({ digest?: unknown; size?: unknown } | null)[];
  if (layers.length !== 1 || layer?.digest !== digest) return undefined;
  if (typeof layer.size !== 'number' || !Number.isSafeInteger(layer.size) || layer.size < 0) {
    throw new StoreProtocolError('expected a manifest that says how large its layer is');
  }
  return layer.size;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch {
    throw new StoreProtocolError('expected a manifest, found no JSON');
  }
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
