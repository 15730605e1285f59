import { describe, expect, it } from 'vitest';
import { readListing } from './listing.ts';

const object = (key: string, size = '3', time = '2030-01-01T00:00:00.000Z') =>
  `<Contents><Key>${key}</Key><LastModified>${time}</LastModified><ETag>&quot;x&quot;</ETag><Size>${size}</Size></Contents>`;
const listing = (objects: string, truncated = 'false') =>
  `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>${truncated}</IsTruncated>${objects}</ListBucketResult>`;

describe('readListing', () => {
  it('reads keys, sizes and times', () => {
    expect(readListing(listing(object('a') + object('b/c', '0', '2030-01-01T00:00:01Z'), 'true'))).toEqual({
      objects: [
        { key: 'a', size: 3, modified: Date.UTC(2030, 0, 1) },
        { key: 'b/c', size: 0, modified: Date.UTC(2030, 0, 1, 0, 0, 1) },
      ],
      isTruncated: true,
    });
    expect(readListing(listing(''))).toEqual({ objects: [], isTruncated: false });
  });

  it('reads what is escaped, and is not led astray by it', () => {
    const key = '&lt;IsTruncated&gt;true&#60;/IsTruncated&#x3e;&amp;amp;&unknown;';
    expect(readListing(listing(object(key)))).toMatchObject({
      objects: [{ key: '<IsTruncated>true</IsTruncated>&amp;&unknown;' }],
      isTruncated: false,
    });
  });

  it.each([
    ['no list', '<html></html>'],
    ['a list that does not say whether it is complete', '<ListBucketResult></ListBucketResult>'],
    ['an object without a key', listing('<Contents><Size>1</Size></Contents>')],
    ['a size that is no number', listing(object('a', 'many'))],
  ])('refuses %s', (_, xml) => {
    expect(() => readListing(xml)).toThrow('expected');
  });

  it('does not know a time that it cannot read', () => {
    expect(readListing(listing(object('a', '1', 'yesterday'))).objects[0]?.modified).toBeUndefined();
  });
});
