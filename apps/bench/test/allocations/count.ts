// node FLAGS count.ts WHAT: counts, and prints the figures as JSON.

import { countClient } from './client.ts';
import { countKnown } from './known.ts';
import { countRecords } from './records.ts';
import { countServer } from './server.ts';
import { countTrees } from './trees.ts';

const kinds = {
  known: countKnown,
  trees: countTrees,
  records: countRecords,
  server: countServer,
  client: countClient,
};

const count = kinds[process.argv[2] as keyof typeof kinds];
console.log(JSON.stringify(await count()));
