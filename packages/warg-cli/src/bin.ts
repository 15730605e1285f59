import { keepCompiledCode } from './compile-cache.ts';
import { processEnvironment } from './environment.ts';

// Before the code that is to be kept is loaded.
keepCompiledCode(processEnvironment(new AbortController().signal));
await import('./main.ts');
