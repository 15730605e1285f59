// A tour of Warg in one script: a registry of your own, a component published to it, downloaded with every proof
// checked, and run. Read it top to bottom; what it needs to do so stands below. Nothing outside of one temporary
// folder is touched, and nothing is left running.
//
//   npm run quickstart              the tour
//   npm run quickstart -- --keep    the same, and the temporary folder stays

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpile } from '@bytecodealliance/jco-transpile';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { componentize } from 'componentize-qjs';

const sources = fileURLToPath(new URL('hello', import.meta.url));
const packages = fileURLToPath(new URL('../../packages', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'warg-quickstart-'));
const keep = process.argv.includes('--keep');
/** The shell's environment, without what might configure warg or warg-server otherwise than the commands say. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('WARG_')),
);
const counts = { passed: 0, failed: 0 };
let server;

// However this ends, also by Ctrl-C: the server goes with it, and so does the folder.
process.on('exit', () => {
  server?.process.kill('SIGKILL');
  if (keep) console.log(`\nEverything is in ${work}`);
  else rmSync(work, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

try {
  await tour();
} catch (error) {
  counts.failed++;
  console.error(`\nThe tour stopped: ${error.message}`);
}
if (process.env.CI) console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

async function tour() {
  title('A registry of your own');
  say('A registry signs what it holds with an operator key. Make one, and start the server:');
  const made = await wargServer('key', 'new', '--output', 'operator.key');
  const operatorKey = made.stdout.match(/ecdsa-p256:\S+/)?.[0];
  check('the operator key was made', operatorKey !== undefined);
  server = await startServer('127.0.0.1:0');
  say(`It keeps everything in the folder \`data\` and answers at ${server.url}.`);

  title('A component');
  say('Two versions of a WebAssembly component, each made from a WIT file and a few lines of JavaScript:');
  show(readFileSync(join(sources, 'hello.wit'), 'utf8'));
  show(readFileSync(join(sources, 'hello-0.1.0.js'), 'utf8'));
  for (const version of ['0.1.0', '0.2.0']) {
    const bytes = await buildComponent(version);
    check(
      `hello-${version}.wasm is a component of ${(bytes.length / 1e6).toFixed(1)} MB`,
      isComponent(bytes),
    );
  }

  title('Publishing');
  say(
    'A maintainer tells warg where the registry is, makes a signing key, and publishes both versions. What is',
  );
  say('signed is the digest of the content; the first release also creates the package.');
  const maintainer = person('maintainer');
  await maintainer.warg('config', '--registry', server.url, '--operator-key', operatorKey);
  await maintainer.warg('key', 'new');
  await maintainer.warg('publish', 'release', 'example:hello', '--version', '0.1.0', 'hello-0.1.0.wasm');
  await maintainer.warg('publish', 'release', 'example:hello', '--version', '0.2.0', 'hello-0.2.0.wasm');

  title('A second key');
  say(
    'A colleague has a key of their own. The maintainer lets it publish, and the colleague withdraws the older',
  );
  say('version: a yank.');
  const colleague = person('colleague');
  await colleague.warg('config', '--registry', server.url, '--operator-key', operatorKey);
  const colleaguesKey = (await colleague.warg('key', 'new')).stdout.match(/ecdsa-p256:\S+/)?.[0];
  await maintainer.warg('publish', 'grant', 'example:hello', colleaguesKey);
  await colleague.warg('publish', 'yank', 'example:hello', '--version', '0.1.0', '--yes');

  title('Downloading, with every proof checked');
  say(
    "A user knows nothing but the registry's address and its operator's public key. Their warg checks that the operator",
  );
  say(
    'signed the state, that the log and the map hold the package, that each record was signed by a key that was',
  );
  say('allowed to, and that the content has the digest of the release. Only then does a file appear.');
  const user = person('user');
  await user.warg('config', '--registry', server.url, '--operator-key', operatorKey);
  await user.warg('download', 'example:hello', '--output', 'user/hello.wasm');
  check('what arrived is what was published as 0.2.0', sameFiles('user/hello.wasm', 'hello-0.2.0.wasm'));
  await user.wargRefused('download', 'example:hello', '--version', '0.1.0', '--output', 'user/old.wasm');
  check('nobody is given the version that was yanked', !existsSync(join(work, 'user/old.wasm')));

  title('Running it');
  say('The component is transpiled to JavaScript by jco, and its function is called:');
  const answer = await runComponent('user/hello.wasm', 'World');
  show(`greet('World')  →  '${answer}'`);
  check('the component answered', answer.startsWith('Hello, World!'));

  title('Pulling the plug');
  say('The server is killed in the hardest way there is, and started again on the same folder:');
  const before = await packageState(user);
  const { address } = server;
  await killServer();
  server = await startServer(address);
  const newcomer = person('newcomer');
  await newcomer.warg('config', '--registry', server.url, '--operator-key', operatorKey);
  await newcomer.warg('info', 'example:hello');
  check('nothing was lost', JSON.stringify(await packageState(newcomer)) === JSON.stringify(before));

  title('A file that was tampered with');
  say("Somebody flips one byte of the content in the registry's own folder:");
  flipByte(contentFileOf('hello-0.2.0.wasm'));
  await newcomer.wargRefused('download', 'example:hello', '--output', 'newcomer/hello.wasm');
  check('no file appeared', !existsSync(join(work, 'newcomer/hello.wasm')));

  title('That was it');
  say('Next: `warg --help`, `warg-server --help`, and the README.');
}

// ---- the programs, as a shell would run them ------------------------------------------------------------

/** Runs `warg-server` to its end. */
function wargServer(...args) {
  return program('warg-server', join(packages, 'warg-server/bin/warg-server.js'), args, environment);
}

/** Somebody with a home, hence with a configuration, keys and a cache, of their own. */
function person(name) {
  const home = join(work, name);
  mkdirSync(home);
  const env = {
    ...environment,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
  };
  const warg = (args) => program('warg', join(packages, 'warg-cli/bin/warg.js'), args, env, name);
  return {
    /** Runs `warg`, which must end well. */
    warg: async (...args) => {
      const result = await warg(args);
      check(undefined, result.code === 0, `warg ${args.join(' ')} ended with ${result.code}`);
      return result;
    },
    /** Runs `warg`, which must refuse. */
    wargRefused: async (...args) => {
      const result = await warg(args);
      check(`warg refused, with exit code ${result.code}`, result.code > 0, 'warg should have refused this');
      return result;
    },
    /** Runs `warg` without showing it, for its JSON. */
    wargJson: async (...args) => {
      const file = join(packages, 'warg-cli/bin/warg.js');
      return JSON.parse((await finished(spawnNode(file, [...args, '--json'], env))).stdout);
    },
  };
}

/** Starts `warg-server` and waits until it says where it listens. */
async function startServer(listen) {
  const args = [
    '--operator-key-file',
    'operator.key',
    '--namespace',
    'example',
    '--data-dir',
    'data',
    '--listen',
    listen,
  ];
  command('warg-server', args);
  const child = spawnNode(join(packages, 'warg-server/bin/warg-server.js'), args, environment);
  const url = await new Promise((resolve, reject) => {
    let output = '';
    const read = (text) => {
      output += text;
      const match = output.match(/listening on (http:\/\/\S+)/);
      if (match) resolve(match[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('close', () => reject(new Error(`warg-server ended\n${output}`)));
  });
  return { process: child, url, address: new URL(url).host };
}

/** What `kill -9` does: the process ends at once and can do nothing about it. */
async function killServer() {
  console.log(`  $ kill -9 ${server.process.pid}`);
  const gone = new Promise((resolve) => server.process.on('close', resolve));
  server.process.kill('SIGKILL');
  await gone;
}

/** Runs a program of this workspace to its end and shows its command and its output. */
async function program(name, file, args, env, who) {
  command(name, args, who);
  const result = await finished(spawnNode(file, args, env));
  show(`${result.stdout}${result.stderr}`);
  return result;
}

/** The file itself under this very Node: a program found on PATH may be a shell around it, which would survive a kill. */
function spawnNode(file, args, env) {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: work,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  return child;
}

function finished(child) {
  return new Promise((resolve, reject) => {
    const result = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (text) => {
        result[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...result, code: code ?? -1 }));
  });
}

// ---- the component ----------------------------------------------------------------------------------------

/** Makes hello-VERSION.wasm from hello.wit and hello-VERSION.js. */
async function buildComponent(version) {
  const { component } = await componentize({
    witPath: join(sources, 'hello.wit'),
    jsSource: readFileSync(join(sources, `hello-${version}.js`), 'utf8'),
    sync: true,
  });
  writeFileSync(join(work, `hello-${version}.wasm`), component);
  return component;
}

/** The preamble of a WebAssembly component: `\0asm`, version 13, layer 1. */
function isComponent(bytes) {
  return Buffer.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0).equals(bytes.subarray(0, 8));
}

/** Transpiles a component and calls its `greet`. */
async function runComponent(file, name) {
  const outDir = join(work, 'transpiled');
  const { files } = await transpile(join(work, file), { name: 'hello', outDir, instantiation: 'async' });
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const { instantiate } = await import(pathToFileURL(join(outDir, 'hello.js')).href);
  const coreModule = (path) => WebAssembly.compile(readFileSync(join(outDir, path)));
  const component = await instantiate(coreModule, new WASIShim().getImportObject());
  return component.greet(name);
}

// ---- looking at things --------------------------------------------------------------------------------------

function sameFiles(left, right) {
  return readFileSync(join(work, left)).equals(readFileSync(join(work, right)));
}

/** What a client knows of the package once it has proved it: its records, releases and keys. */
async function packageState(someone) {
  return (await someone.wargJson('info', 'example:hello')).package;
}

/** The file under the registry's folder that holds this content. */
function contentFileOf(file) {
  const wanted = readFileSync(join(work, file));
  const data = join(work, 'data');
  const stored = readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found = stored.find((path) => readFileSync(path).equals(wanted));
  check(undefined, found !== undefined, `no file under ${data} holds ${file}`);
  return found;
}

function flipByte(file) {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
  show(`${file.slice(work.length + 1)}: byte ${bytes.length >> 1} is now another one`);
}

/** Counts what held; stops the tour when something did not. */
function check(what, holds, otherwise = what) {
  if (!holds) throw new Error(`expected that ${otherwise}`);
  counts.passed++;
  if (what) console.log(`  ✔ ${what}`);
}

function title(text) {
  console.log(`\n${text}\n${'='.repeat(text.length)}`);
}

function say(text) {
  console.log(text);
}

function command(name, args, who) {
  const words = args.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`));
  console.log(`\n  ${who ? `${who} ` : ''}$ ${name} ${words.join(' ')}`);
}

function show(text) {
  const trimmed = text.trimEnd();
  if (trimmed) console.log(trimmed.replace(/^/gm, '    '));
}
