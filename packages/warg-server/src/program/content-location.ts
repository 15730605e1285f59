import { InvalidArgumentError } from 'commander';

/** Where contents are kept, if not in a folder. */
export type ContentLocation =
  | { readonly type: 's3'; readonly url: string; readonly bucket: string; readonly prefix: string }
  | { readonly type: 'oci'; readonly url: string; readonly host: string; readonly repository: string };

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const keyPrefix = /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/;
const hostName = /^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/;
const repositoryPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const repositoryName = new RegExp(`^${repositoryPart}(?:/${repositoryPart})*$`);

/**
 * Reads `s3://bucket/prefix`, whose prefix may be missing, or `oci://host/repository`.
 *
 * @throws InvalidArgumentError
 */
export function parseContentLocation(text: string): ContentLocation {
  const [, scheme, first = '', rest = ''] = /^(s3|oci):\/\/([^/]*)(?:\/(.*?))?\/?$/.exec(text) ?? [];
  if (scheme === 's3' && bucketName.test(first) && (rest === '' || isKeyPrefix(rest))) {
    return { type: 's3', url: text, bucket: first, prefix: rest };
  }
  if (scheme === 'oci' && hostName.test(first) && URL.canParse(`https://${first}`) && isRepository(rest)) {
    return { type: 'oci', url: text, host: first, repository: rest };
  }
  throw new InvalidArgumentError(
    'Expected a bucket and a prefix, such as s3://packages/content, or an OCI registry and a repository in small letters, such as oci://registry.example/team/packages.',
  );
}

function isKeyPrefix(text: string): boolean {
  // A URL has no segments of dots: they would lead elsewhere.
  return text.length <= 512 && keyPrefix.test(text) && !/(^|\/)\.{1,2}(\/|$)/.test(text);
}

function isRepository(text: string): boolean {
  return text.length <= 255 && repositoryName.test(text);
}
