import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../json/index.ts';
import {
  decodeRegistryDocument,
  decodeWellKnownConfig,
  encodeRegistryDocument,
  encodeWellKnownConfig,
} from './well-known.ts';

describe('registry documents', () => {
  const url = 'https://registry.example';

  it('are read in all three shapes', () => {
    expect(decodeRegistryDocument(`{"wargUrl":"${url}"}`).wargUrl).toBe(url);
    expect(
      decodeRegistryDocument(`{"ociRegistry":"oci.example","ociNamespacePrefix":"p/","wargUrl":"${url}"}`),
    ).toMatchObject({
      ociRegistry: 'oci.example',
      ociNamespacePrefix: 'p/',
      wargUrl: url,
    });
    expect(
      decodeRegistryDocument(
        `{"preferredProtocol":"warg","warg":{"url":"${url}"},"oci":{"registry":"oci.example","namespacePrefix":"p/"}}`,
      ),
    ).toMatchObject({
      preferredProtocol: 'warg',
      wargUrl: url,
      ociRegistry: 'oci.example',
      ociNamespacePrefix: 'p/',
    });
  });

  it('count flat where both shapes are there', () => {
    expect(decodeRegistryDocument('{"wargUrl":"https://a","warg":{"url":"https://b"}}').wargUrl).toBe(
      'https://a',
    );
  });

  it('name the operator key, at the top or inside', () => {
    const key = publicKeyOf(generatePrivateKey());
    expect(decodeRegistryDocument(`{"wargOperatorKey":"${key}"}`).wargOperatorKey).toBe(key);
    expect(decodeRegistryDocument(`{"warg":{"wargOperatorKey":"${key}"}}`).wargOperatorKey).toBe(key);
    expect(() => decodeRegistryDocument('{"wargOperatorKey":"ecdsa-p256:AA=="}')).toThrow(DecodeError);
  });

  it('are written so that every reader finds its own', () => {
    const key = publicKeyOf(generatePrivateKey());
    const json = encodeRegistryDocument({ wargUrl: url, wargOperatorKey: key });
    expect(decodeRegistryDocument(json)).toMatchObject({
      wargUrl: url,
      wargOperatorKey: key,
      preferredProtocol: 'warg',
    });
    expect(decodeWellKnownConfig(json).wargUrl).toBe(url);
    // wkg takes each member that it does not know for a protocol, and reads an object there or nothing at all.
    const known = ['ociRegistry', 'ociNamespacePrefix', 'wargUrl', 'preferredProtocol'];
    for (const [name, value] of Object.entries(JSON.parse(json))) {
      if (!known.includes(name)) expect(value).toBeTypeOf('object');
    }
    expect(encodeRegistryDocument({ ociRegistry: 'oci.example' })).toBe(
      '{"ociRegistry":"oci.example","oci":{"registry":"oci.example"}}',
    );
  });

  it('are refused when a member is of another kind', () => {
    for (const json of [
      '[]',
      '{"wargUrl":5}',
      '{"warg":"x"}',
      '{"warg":{"url":null,"url":"a"}}',
      '{"oci":[]}',
    ]) {
      expect(() => decodeRegistryDocument(json)).toThrow(DecodeError);
    }
  });

  it('have nulls in the flat form of the reference', () => {
    expect(encodeWellKnownConfig({ wargUrl: url })).toBe(
      `{"ociRegistry":null,"ociNamespacePrefix":null,"wargUrl":"${url}"}`,
    );
  });
});
