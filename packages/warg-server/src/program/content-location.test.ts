import { describe, expect, it } from 'vitest';
import { parseContentLocation } from './content-location.ts';

describe('parseContentLocation', () => {
  it.each([
    ['s3://packages', { type: 's3', bucket: 'packages', prefix: '' }],
    ['s3://packages/', { type: 's3', bucket: 'packages', prefix: '' }],
    ['s3://my.packages/a/B_c.d/', { type: 's3', bucket: 'my.packages', prefix: 'a/B_c.d' }],
    ['oci://registry.example/packages', { type: 'oci', host: 'registry.example', repository: 'packages' }],
    ['oci://127.0.0.1:5000/a-b/c__d', { type: 'oci', host: '127.0.0.1:5000', repository: 'a-b/c__d' }],
    ['oci://[::1]:5000/a', { type: 'oci', host: '[::1]:5000', repository: 'a' }],
  ])('reads %s', (text, expected) => {
    expect(parseContentLocation(text)).toEqual({ ...expected, url: text });
  });

  it.each([
    '',
    'packages',
    'file:///tmp',
    'https://packages/a',
    's3://',
    's3:///a',
    's3://Packages/a',
    's3://user:word@packages/a',
    's3://packages/a//b',
    's3://packages/a/../b',
    's3://packages/a?b',
    's3://packages/a b',
    'oci://registry.example',
    'oci://registry.example/',
    'oci://registry.example/Packages',
    'oci://registry.example/a/../b',
    'oci://registry.example/a:tag',
    'oci://registry.example:99999/a',
    'oci://user@registry.example/a',
    'oci:///a',
  ])('refuses %s', (text) => {
    expect(() => parseContentLocation(text)).toThrow('Expected a bucket');
  });
});
