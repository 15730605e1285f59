import { describe, expect, it } from 'vitest';
import { emptyConfig, encodeConfig, parseConfig } from './config.ts';

const parse = (value: unknown) => parseConfig(JSON.stringify(value), '/config.json');
const PIN = 'ecdsa-p256:AkfXKaZAFb74yq0dlig0hv+7oVz3d04sdBeRz6+k9an3';

describe('parseConfig', () => {
  it('reads every member of the reference', () => {
    const members = {
      homeUrl: 'https://registry.example/',
      registriesDir: '../registries',
      contentDir: '/content',
      namespaceMapPath: 'namespaces',
      keys: ['default', 'https://registry.example/'],
      keyringAuth: true,
      ignoreFederationHints: true,
      disableAutoAcceptFederationHints: true,
      disableAutoPackageInit: true,
      disableInteractive: true,
      keyringBackend: 'flat-file',
    };
    expect(parse(members)).toEqual({ ...emptyConfig, ...members });
  });

  it('takes members that are left out or null for not set', () => {
    expect(parse({})).toEqual(emptyConfig);
    expect(parse({ homeUrl: null, contentDir: null })).toEqual(emptyConfig);
  });

  it('accepts a byte order mark', () => {
    expect(parseConfig('\uFEFF{}', '/config.json')).toEqual(emptyConfig);
  });

  it.each<[string, string]>([
    ['', 'not JSON'],
    ['[]', 'expected an object'],
    ['null', 'expected an object'],
    ['{"homeUrl": 5}', 'homeUrl'],
    ['{"contentDir": ""}', 'contentDir'],
    ['{"keyringAuth": "yes"}', 'keyringAuth'],
    ['{"keyringAuth": null}', 'keyringAuth'],
    ['{"keys": "default"}', 'keys'],
    ['{"keys": [1]}', 'keys'],
    ['{"operatorKeys": []}', 'operatorKeys'],
    ['{"operatorKeys": {"registry.example": "secret"}}', 'operatorKeys'],
    ['{"maxCheckpointAge": 0}', 'maxCheckpointAge'],
    ['{"maxCheckpointAge": 1.5}', 'maxCheckpointAge'],
    ['{"maxCheckpointAge": "1h"}', 'maxCheckpointAge'],
  ])('refuses %s and names the file and the member', (text, part) => {
    expect(() => parseConfig(text, '/the/config.json')).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(new RegExp(`/the/config.json.*${part}`)),
      }),
    );
  });
});

describe('encodeConfig', () => {
  it('writes what it reads', () => {
    const config = parse({ homeUrl: 'a.example', operatorKeys: { 'a.example': PIN }, maxCheckpointAge: 60 });
    expect(parseConfig(encodeConfig(config), '/config.json')).toEqual(config);
  });

  it('keeps members that it does not know', () => {
    const unknown = { future: { deep: [1, null] }, another: 'text' };
    expect(JSON.parse(encodeConfig(parse({ homeUrl: 'a.example', ...unknown })))).toMatchObject(unknown);
  });

  it('keeps a member called __proto__ as data', () => {
    const config = parseConfig('{"__proto__": {"homeUrl": "evil.example"}}', '/config.json');
    expect(config.homeUrl).toBeUndefined();
    expect(encodeConfig(config)).toContain('"__proto__"');
  });

  it('writes the members in the order of the reference, and none that is not set', () => {
    expect(
      Object.keys(JSON.parse(encodeConfig({ ...emptyConfig, homeUrl: 'a.example', keys: ['default'] }))),
    ).toEqual([
      'homeUrl',
      'keys',
      'keyringAuth',
      'ignoreFederationHints',
      'disableAutoAcceptFederationHints',
      'disableAutoPackageInit',
      'disableInteractive',
    ]);
  });
});
