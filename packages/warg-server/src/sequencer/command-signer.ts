import { spawn } from 'node:child_process';
import { type PublicKey, parseSignature, type Signature, verifyMessage, WargError } from '@warg/crypto';
import type { OperatorSigner } from './signer.ts';

/** How long a command may take, ms. */
const TIMEOUT = 10_000;
/** Most bytes that it may write; a signature has about 110. */
const OUTPUT = 4096;

/** A command that did not sign. Its code is `SIGNER_FAILED`. */
export class SignerError extends WargError {
  declare readonly code: 'SIGNER_FAILED';
  override readonly name = 'SignerError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('SIGNER_FAILED', message, options);
  }
}

/**
 * Signs with a program: one that asks an HSM or a key service, say. It is started for each signature, without a shell and
 * without arguments, with the bytes to sign (ECDSA with P-256 over their SHA-256) on its standard input, and writes the
 * signature to its standard output: `ecdsa-p256:` and the base64 of its DER form. What it writes to standard error is told if
 * it fails. No signature is used that the public key does not verify.
 *
 * @param program a path, or a name to be found on the PATH
 * @param options.timeout ms; default 10 000
 */
export function commandSigner(
  program: string,
  publicKey: PublicKey,
  { timeout = TIMEOUT }: { readonly timeout?: number } = {},
): OperatorSigner {
  return {
    publicKey,
    async sign(prefix, bytes) {
      const message = Buffer.concat([Buffer.from(`${prefix}:`), bytes]);
      const text = await runProgram(program, message, timeout);
      try {
        const signature = parseSignature(text.trim());
        verifyMessage(publicKey, message, signature);
        return signature as Signature;
      } catch (cause) {
        throw new SignerError(
          `the operator's signer \`${program}\` was expected to write a signature by ${publicKey}: ${(cause as Error).message}`,
          { cause },
        );
      }
    },
  };
}

function runProgram(program: string, input: Uint8Array, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown) => {
      reject(new SignerError(`the operator's signer \`${program}\` ${what}`, { cause }));
    };
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    const output = { stdout: '', stderr: '' };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`did not answer within ${timeout / 1000} seconds`);
    }, timeout);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (output[name].length <= OUTPUT) return;
        child.kill('SIGKILL');
        fail(`wrote more than ${OUTPUT} bytes to ${name}`);
      });
    }
    // It may end without reading: its exit code says why.
    child.stdin.on('error', () => {});
    child.on('error', (error) => {
      clearTimeout(timer);
      fail(`cannot be started: ${error.message}`, error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output.stdout);
      else
        fail(
          `ended with ${signal ?? `code ${code}`}${output.stderr === '' ? '' : `: ${output.stderr.trim()}`}`,
        );
    });
    child.stdin.end(input);
  });
}
