import { encodeRegistryDocument, paths } from '@warg/protocol/api';
import { type HttpAnswer, jsonAnswer } from '../answers.ts';
import { wargDocument, wasmPkgDocument } from '../openapi/service.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/** The documents by which a domain says that its registry is here; none where nobody said what the domain is. */
export function wellKnownRoutes({ publicUrl, operatorKey }: Services): readonly Route[] {
  if (publicUrl === undefined) return [];
  const get = async (): Promise<HttpAnswer> =>
    jsonAnswer(encodeRegistryDocument({ wargUrl: publicUrl, wargOperatorKey: await operatorKey() }), 200, {
      'cache-control': 'public, max-age=300',
    });
  return [
    { path: paths.wellKnownWasmPkg(), about: wasmPkgDocument, access: 'public', get },
    { path: paths.wellKnownWarg(), about: wargDocument, access: 'public', get },
  ];
}
