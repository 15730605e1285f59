import { sha256 } from '@warg/crypto';
import type { Hash } from '../hashing/hash.ts';

/** The root of a log without leaves: SHA-256 of nothing (RFC 6962, section 2.1). */
export const EMPTY_LOG_ROOT: Hash = sha256();
