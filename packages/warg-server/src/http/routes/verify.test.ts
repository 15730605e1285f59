import type { SignedCheckpoint } from '@warg/protocol';
import { decodeSignedCheckpoint, paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testPackage } from '../../../test/publisher.ts';
import { openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const checkpoints: SignedCheckpoint[] = [];

beforeAll(async () => {
  const opened = await openRegistry();
  registry = opened;
  call = opened.call;
  for (const name of ['test:a', 'test:b', 'test:c']) {
    await call.settle(testPackage(name).init());
    checkpoints.push(decodeSignedCheckpoint((await call.get(paths.fetchCheckpoint())).text));
  }
});
afterAll(() => registry.close());

describe('v1/verify/checkpoint', () => {
  const verify = async (body: unknown) => (await call.post(paths.verifyCheckpoint(), body)).json();

  it('knows its own checkpoints, old ones too', async () => {
    for (const checkpoint of checkpoints) {
      expect(await verify(checkpoint)).toEqual({ checkpoint: 'verified', signature: 'verified' });
    }
  });

  it('finds another root or another signature', async () => {
    const checkpoint = checkpoints[2]!;
    const contents = { ...checkpoint.contents, logRoot: checkpoint.contents.mapRoot };
    expect(await verify({ ...checkpoint, contents })).toEqual({
      checkpoint: 'invalid',
      signature: 'invalid',
    });
    const { signature } = checkpoints[0]!;
    expect(await verify({ ...checkpoint, signature })).toEqual({
      checkpoint: 'verified',
      signature: 'invalid',
    });
  });

  it('knows that it never signed a length beyond 2^53', async () => {
    const text = JSON.stringify(checkpoints[2]).replace(
      /"logLength":\d+/,
      '"logLength":18446744073709551615',
    );
    expect(await verify(text)).toEqual({ checkpoint: 'invalid', signature: 'invalid' });
  });
});
