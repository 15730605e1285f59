import { StoreProtocolError } from '../remote/operation.ts';

/** A page of a list of objects. */
export interface Listing {
  readonly objects: readonly {
    readonly key: string;
    /** bytes */
    readonly size: number;
    /** ms since the epoch; undefined if it cannot be read */
    readonly modified: number | undefined;
  }[];
  readonly isTruncated: boolean;
}

/**
 * Reads what `ListObjectsV2` answers. A parser of XML is not needed: keys are the only texts that others choose, and in them the
 * characters that mean something to XML are escaped.
 *
 * @throws StoreProtocolError
 */
export function readListing(xml: string): Listing {
  const isTruncated = textOf('IsTruncated', xml.replace(/<Contents>[\s\S]*?<\/Contents>/g, ''));
  if (isTruncated !== 'true' && isTruncated !== 'false') {
    throw new StoreProtocolError('expected a list of objects that says whether it is complete');
  }
  const objects = [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].map(([, object = '']) => {
    const key = textOf('Key', object);
    const size = Number(textOf('Size', object));
    if (key === undefined || !Number.isSafeInteger(size)) {
      throw new StoreProtocolError('expected an object of a list to have a key and a size');
    }
    const modified = Date.parse(textOf('LastModified', object) ?? '');
    return { key: unescapeXml(key), size, modified: Number.isNaN(modified) ? undefined : modified };
  });
  return { objects, isTruncated: isTruncated === 'true' };
}

function textOf(element: string, xml: string): string | undefined {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    if (!Number.isNaN(code) && code <= 0x10ffff) return String.fromCodePoint(code);
    return entities[name] ?? whole;
  });
}
