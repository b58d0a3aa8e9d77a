// `node scripts/contract.mjs FILE`: writes test/http/contract.json, the operations and models of the public API v1 that existing
// clients are generated from, as facts: method, path, query, body, result, statuses, members and their types. FILE is the
// longer description of the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node scripts/contract.mjs FILE');
const { operations, models } = JSON.parse(readFileSync(file, 'utf8'));
const kept = Object.fromEntries(
  Object.entries(operations).map(([id, o]) => [
    id,
    {
      method: o.method,
      path: o.path,
      query: o.query ?? [],
      parameters: o.parameters ?? [],
      body: o.body ?? null,
      returns: o.returns,
      statuses: o.statuses ?? { 200: o.returns },
    },
  ]),
);
const written = fileURLToPath(new URL('../test/http/contract.json', import.meta.url));
writeFileSync(written, `${JSON.stringify({ operations: kept, models }, null, 1)}\n`);
