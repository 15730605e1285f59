import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { main, programsInFolder, secret } from '../../test/started-programs.ts';

const programs = programsInFolder();
const { start, serve } = programs;

describe('what cannot be', () => {
  const run = async (args: readonly string[], env?: Record<string, string>) => {
    const program = start(args, env);
    return { code: await program.ended, ...{ out: program.out(), err: program.err() } };
  };

  it('explains how to make a key when there is none', async () => {
    const { code, err } = await run([]);
    expect(code).toBe(2);
    expect(err).toContain('warg-server key new --output operator.key');
  });

  it.each([
    [['--operator-key', secret, '--operator-key-file', 'k'], {}, /cannot be used with/],
    [['--operator-key-file', 'k'], { WARG_OPERATOR_KEY: secret }, /cannot be used with/],
    [['--listen', 'here'], {}, /Expected an address and a port/],
    [[], { WARG_LISTEN: 'here' }, /WARG_LISTEN.*Expected an address/],
    [['--data-store', 'paper'], {}, /Allowed choices are sqlite, postgres, memory/],
    [['--database-url', 'postgres://h/d', '--database-url-file', 'f'], {}, /cannot be used with/],
    [['--data-store', 'postgres'], { WARG_OPERATOR_KEY: secret }, /--database-url-file.*WARG_DATABASE_URL/],
    [
      ['--data-store', 'postgres'],
      { WARG_OPERATOR_KEY: secret, WARG_DATABASE_URL: `mysql://warg:${secret}@h/d` },
      /expected one such as postgres:/,
    ],
    [['--namespace', 'Not_One'], {}, /kebab case/],
    [['--public-url', 'registry.example'], {}, /absolute http/],
    [['--nonsense'], {}, /unknown option/],
    [['nonsense'], {}, /unknown command|too many arguments/],
    [[`--operatorkey=${secret}`], {}, /unknown option '--operatorkey=ecdsa-p256:\[redacted\]'/],
    [[secret], {}, /too many arguments/],
  ])('refuses %j with %j', async (args, env, message) => {
    const { code, err } = await run(args, env);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toContain(secret);
  });

  it.each([
    ['a key file that is not there', ['--operator-key-file', 'none'], {}, /`none` \(ENOENT\)/],
    ['a key that is none', [], { WARG_OPERATOR_KEY: 'ecdsa-p256:topsecret' }, /holds no operator key/],
    [
      'authorized keys that are not there',
      ['--authorized-keys-file', 'none'],
      { WARG_OPERATOR_KEY: secret },
      /`none`/,
    ],
    [
      'a database URL file that is not there',
      ['--data-store', 'postgres', '--database-url-file', 'none'],
      { WARG_OPERATOR_KEY: secret },
      /`none` \(ENOENT\)/,
    ],
    [
      'a database that is not there',
      ['--data-store', 'postgres', '--content-dir', 'content'],
      { WARG_OPERATOR_KEY: secret, WARG_DATABASE_URL: 'postgres://warg:topsecret@127.0.0.1:1/registry' },
      /postgres:\/\/127.0.0.1:1\/registry.*ECONNREFUSED.*--database-url/,
    ],
    [
      'a data folder that is a file',
      ['--data-dir', main],
      { WARG_OPERATOR_KEY: secret },
      /cannot write in the folder.*--data-dir/,
    ],
    [
      'an address of another machine',
      ['--listen', '192.0.2.1:0', '--data-store', 'memory'],
      { WARG_OPERATOR_KEY: secret },
      /no such address/,
    ],
  ])('says one line about %s', async (_, args, env, message) => {
    const { code, err } = await run(args, env);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at |topsecret/);
  });

  it('says so when the port is taken, the store is in use, or the key is another', async () => {
    const { url, child, ended } = await serve();
    const env = { WARG_OPERATOR_KEY: secret };
    const port = await run(['--listen', new URL(url).host, '--data-store', 'memory'], env);
    expect(port).toMatchObject({ code: 1, err: expect.stringContaining('another program does') });
    const store = await run(['--listen', '127.0.0.1:0', '--data-dir', 'data'], env);
    expect(store).toMatchObject({
      code: 1,
      err: expect.stringMatching(/in use by another warg-server.*--data-dir/),
    });
    child.kill('SIGTERM');
    await ended;
    const other = { WARG_OPERATOR_KEY: encodePrivateKey(generatePrivateKey()) };
    const key = await run(['--listen', '127.0.0.1:0', '--data-dir', 'data'], other);
    expect(key).toMatchObject({
      code: 1,
      err: expect.stringMatching(/belongs to another operator.*--data-dir/),
    });
    for (const { err } of [port, store, key]) expect(err).not.toMatch(/\n {4}at /);
  });
});
