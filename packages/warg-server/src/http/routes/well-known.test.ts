import { decodeRegistryDocument, decodeWellKnownConfig, paths } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import { openRegistry } from '../../../test/registry-caller.ts';

const places = [paths.wellKnownWasmPkg(), paths.wellKnownWarg()];

describe('the well-known documents', () => {
  it.each(places)('says where the registry is and who signs, at %s', async (path) => {
    const { call, operatorKey, close } = await openRegistry({ publicUrl: 'https://registry.example' });
    const answer = await call.get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    // The reference reads the flat form, wkg the nested one, and ours reads them all.
    expect(decodeWellKnownConfig(answer.text).wargUrl).toBe('https://registry.example');
    expect(answer.json()).toMatchObject({
      preferredProtocol: 'warg',
      warg: { url: 'https://registry.example' },
    });
    expect(decodeRegistryDocument(answer.text)).toMatchObject({ wargOperatorKey: operatorKey });
    await close();
  });

  it.each(places)('is not at %s unless somebody said what the URL is', async (path) => {
    const { call, close } = await openRegistry();
    expect((await call.get(path)).status).toBe(404);
    await close();
  });
});
