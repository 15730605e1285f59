import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coreModule } from '../../../test/wasm-samples.ts';
import { CheckPool, type CheckPoolOptions } from './check-pool.ts';

const mebibyte = 2 ** 20;
const limits = { time: 60_000, memory: 64 * mebibyte, workers: 1, queue: 1 };
const fine = { type: 'invalid', reason: 'fine' } as const;
const onLinux = process.platform === 'linux';

let dir: string;
let pool: CheckPool;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-check-'));
});
afterEach(async () => {
  await pool?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A content, or anything that is asked about. */
function request(bytes: Uint8Array | string = '', name = 'content') {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return { path, size: bytes.length };
}

/** A process that says what it must and then does as it is told. */
function reader(onMessage: string, before = "process.send({ type: 'ready' });"): CheckPoolOptions {
  const entry = join(dir, 'reader.mjs');
  writeFileSync(
    entry,
    `process.on('disconnect', () => process.exit());
     process.on('message', ({ size }) => { process.send({ type: 'begun' }); ${onMessage}
       process.send({ type: 'invalid', reason: 'fine' }); });
     ${before}`,
  );
  return { entry };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(10);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended, and whose parent has not asked for it yet, is not alive.
    return !onLinux || !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('CheckPool', () => {
  it.each([
    ['never comes to an end', 'for (;;) {}', 500, /longer than 500 ms/],
    [
      'takes more and more memory',
      'const all = []; for (;;) all.push({ all: [all.length] });',
      60_000,
      /too much memory/,
    ],
    ['calls itself for ever', 'const f = () => 1 + f(); f();', 60_000, /reader ended with code 1/],
    ['ends', 'process.exit(3);', 60_000, /reader ended with code 3/],
    ['crashes', 'process.abort();', 60_000, /reader was ended by SIGABRT/],
    [
      'runs into memory that is not there',
      "process.kill(process.pid, 'SIGSEGV'); for (;;) {}",
      60_000,
      /reader was ended by SIGSEGV/,
    ],
    ['says what nobody understands', 'process.send({ type: 7 }); return;', 60_000, /ended by SIGKILL/],
    [
      'says too much',
      "process.send({ type: 'invalid', reason: 'x'.repeat(5000) }); return;",
      60_000,
      /SIGKILL/,
    ],
  ])('outlives a reader that %s', async (_, code, time, reason) => {
    pool = new CheckPool({ ...limits, time }, reader(`if (size > 0) { ${code} }`));
    expect(await pool.check(request('x'))).toMatchObject({
      type: 'failed',
      reason: expect.stringMatching(reason),
    });
    expect(await pool.check(request())).toEqual(fine);
  });

  it('blames no content for a process that somebody else kills meanwhile, and goes on', async () => {
    pool = new CheckPool(limits, reader("if (size > 0) { process.send({ type: 'begun' }); for (;;) {} }"));
    expect(await pool.check(request())).toEqual(fine);
    const [pid] = pool.pids;
    const refused = pool.check(request('x')).catch((error: unknown) => error);
    // It takes the message when it likes; from then on it does nothing else.
    if (onLinux) await until(() => /^State:\tR/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    await delay(200);
    process.kill(pid!, 'SIGKILL');
    expect(await refused).toMatchObject({ code: 'CONTENT_POLICY_BUSY' });
    expect(await pool.check(request())).toEqual(fine);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('blames no content for %s', async (signal) => {
    pool = new CheckPool(
      limits,
      reader(`if (size > 0) { process.kill(process.pid, '${signal}'); for (;;) {} }`),
    );
    await expect(pool.check(request('x'))).rejects.toMatchObject({ code: 'CONTENT_POLICY_BUSY' });
    expect(await pool.check(request())).toEqual(fine);
  });

  it('goes on with a check while everybody is told to end', async () => {
    pool = new CheckPool(limits);
    const content = request(coreModule);
    expect(await pool.check(content)).toMatchObject({ type: 'facts' });
    const [pid] = pool.pids;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pid!, signal);
    expect(await pool.check(content)).toMatchObject({ type: 'facts' });
    expect(pool.pids).toEqual([pid]);
  });

  it('starts another process where the kept one is gone', async () => {
    pool = new CheckPool(limits, reader(''));
    expect(await pool.check(request())).toEqual(fine);
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGKILL');
    expect(await pool.check(request())).toEqual(fine);
    await until(() => !pool.pids.includes(pid!));
    expect(pool.pids).toHaveLength(1);
  });

  it('keeps a process for the next content, and not for long', async () => {
    pool = new CheckPool(limits, { ...reader(''), idleTime: 1500 });
    expect(await pool.check(request())).toEqual(fine);
    const before = pool.pids;
    expect(await pool.check(request())).toEqual(fine);
    expect(pool.pids).toEqual(before);
    await until(() => pool.pids.length === 0);
    expect(isAlive(before[0]!)).toBe(false);
    expect(await pool.check(request())).toEqual(fine);
  });

  it('has so many wait and no more, and tells them when it is closed', async () => {
    pool = new CheckPool(limits, reader('return;'));
    const waiting = [pool.check(request()), pool.check(request())];
    await expect(pool.check(request())).rejects.toMatchObject({ code: 'CONTENT_POLICY_BUSY' });
    await Promise.all([
      ...waiting.map((each) => expect(each).rejects.toMatchObject({ code: 'CONTENT_POLICY_BUSY' })),
      pool.close(),
    ]);
    await expect(pool.check(request())).rejects.toMatchObject({ code: 'CONTENT_POLICY_BUSY' });
    expect(pool.pids).toEqual([]);
  });

  it.each([
    ['throws', "throw new Error('no');", /no/],
    ['crashes', 'process.abort();', /SIGABRT/],
    ['ends', 'process.exit(0);', /code 0/],
  ])('blames no content for a process that %s at its start', async (_, code, cause) => {
    pool = new CheckPool(limits, reader('', code));
    await expect(pool.check(request())).rejects.toMatchObject({
      message: expect.stringContaining('does not start'),
      cause: { message: expect.stringMatching(cause) },
    });
  });

  it('blames no content for a program that is not there', async () => {
    pool = new CheckPool(limits, { entry: join(dir, 'none.mjs') });
    await expect(pool.check(request())).rejects.toThrow('does not start');
  });

  it.skipIf(!onLinux)(
    'gives a process no secret, nor a file that is none of its business [/proc is of Linux]',
    async () => {
      process.env['WARG_TEST_SECRET'] = 'not for strangers';
      pool = new CheckPool(
        limits,
        reader(
          `const { readFileSync } = process.getBuiltinModule('node:fs');
         const read = (file) => { try { readFileSync(file); return 'read'; } catch (error) { return error.code; } };
         const { spawn } = process.getBuiltinModule('node:child_process');
         const start = () => { try { spawn('true'); return 'started'; } catch (error) { return error.code; } };
         const found = [process.cwd(), read('/etc/passwd'), read('/proc/self/environ'), read('${join(dir, 'content')}'), start()];
         process.send({ type: 'invalid', reason: JSON.stringify(found) }); return;`,
        ),
      );
      expect(await pool.check(request())).toEqual({
        type: 'invalid',
        reason: JSON.stringify(['/', 'ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED', 'read', 'ERR_ACCESS_DENIED']),
      });
      delete process.env['WARG_TEST_SECRET'];
      const [pid] = pool.pids;
      const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .flatMap((each) => each.split('=')[0] || []);
      expect(
        names.filter((name) => !['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot'].includes(name)),
      ).toEqual(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']);
      // Where memory runs out it goes first.
      await until(() => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8') === '1000\n');
    },
  );

  it.skipIf(!onLinux)('takes no more memory than it may [/proc is of Linux]', async () => {
    pool = new CheckPool({ ...limits, memory: 32 * mebibyte });
    const large = new Uint8Array(40 * mebibyte);
    large.set(coreModule);
    expect(await pool.check(request(large))).toMatchObject({
      reason: `it takes more than ${32 * mebibyte} bytes of memory`,
    });
    expect(await pool.check(request(coreModule))).toMatchObject({ type: 'facts' });
    const [pid] = pool.pids;
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
    // A bare Node process, wasm-tools, and what the content may take.
    expect(Number(peak) / 1024).toBeLessThan(160 + 32);
  });

  describe('in a program of its own', () => {
    /** Has one file looked at and says which process did. */
    async function startProgram(entry: string | undefined, after: string) {
      const file = join(dir, 'program.mjs');
      writeFileSync(
        file,
        `import { CheckPool } from ${JSON.stringify(new URL('./check-pool.ts', import.meta.url).href)};
         const pool = new CheckPool(${JSON.stringify(limits)}, ${JSON.stringify({ entry })});
         const check = (path, size) => pool.check({ path, size });
         await check(${JSON.stringify(request(coreModule).path)}, ${entry === undefined ? coreModule.length : 0});
         console.log(pool.pids[0]);
         ${after}`,
      );
      const program = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(program, 'exit') as Promise<[number | null, string | null]>;
      const [line] = (await once(program.stdout, 'data')) as [Buffer];
      return { program, ended, child: Number(line.toString()) };
    }

    it('holds no program up that has nothing else to do', async () => {
      const { ended, child } = await startProgram(undefined, '');
      expect(await ended).toEqual([0, null]);
      await until(() => !isAlive(child));
    });

    it('ends with it, though that is killed', async () => {
      const { program, ended, child } = await startProgram(undefined, 'setInterval(() => {}, 1000);');
      expect(isAlive(child)).toBe(true);
      program.kill('SIGKILL');
      await ended;
      await until(() => !isAlive(child));
    });

    it('has no content looked at for ever, though nobody is left to end that', async () => {
      const { program, ended, child } = await startProgram(undefined, 'setInterval(() => {}, 1000);');
      // Held up before it hears of the end: it has to find that out when it goes on.
      process.kill(child, 'SIGSTOP');
      program.kill('SIGKILL');
      await ended;
      expect(isAlive(child)).toBe(true);
      process.kill(child, 'SIGCONT');
      await until(() => !isAlive(child));
    });
  });
});
