export { fileContent } from './node/file-content.ts';
export { type FileDestinationOptions, fileDestination } from './node/file-destination.ts';
export { type FileStorageOptions, fileStorage } from './node/file-storage.ts';
export { nodeExchange } from './node/node-exchange.ts';
