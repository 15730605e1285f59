import { createRequire } from 'node:module';
import { childStore, type StoreServer } from './store-server.ts';

const program = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js');

/** What s3rver lets in. */
export const s3Credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** Starts s3rver, an S3-compatible server, with one bucket. What it keeps lies in `dir`. */
export function startS3(dir: string, port: number, bucket: string): Promise<StoreServer> {
  const address = ['--address', '127.0.0.1', '--port', String(port), '--silent'];
  const buckets = ['--no-vhost-buckets', '--configure-bucket', bucket];
  return childStore(process.execPath, [program, '--directory', dir, ...address, ...buckets], port);
}
