export { fileContent } from './node/file-content.ts';
export { fileDestination } from './node/file-destination.ts';
export { type FileStorageOptions, fileStorage } from './node/file-storage.ts';
