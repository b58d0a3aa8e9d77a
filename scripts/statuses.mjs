// Which statuses of the HTTP API its tests have reached, held against all that are listed: by the contract of the public API
// v1 (test/http/contract.json) and by our own routes. Each house of test/http writes what it was answered into the folder
// that HEADWATER_STATUSES names; scripts/test.mjs asks here when the suite is done. Nothing passes for want of files: what
// no file tells was not reached. What cannot be reached is named with its reason in test/http/unreachable.json.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.mjs';

const read = (name) => JSON.parse(readFileSync(`${root}test/http/${name}.json`, 'utf8'));

/** Why, by `operation status`, for what no request can be answered. */
export const unreachable = read('unreachable');

/** `operation status` of everything that may be answered. `routes`: those of the server, each with its `answers`. */
export function listedStatuses(routes) {
  const { operations } = read('contract');
  const out = new Set();
  for (const [id, { statuses }] of Object.entries(operations))
    for (const status of Object.keys(statuses)) out.add(`${id} ${status}`);
  for (const { id, answers } of routes) for (const status of Object.keys(answers)) out.add(`${id} ${status}`);
  return [...out].sort();
}

/** What keeps the list from being all reached, a sentence each; empty: nothing. */
export function wrongStatuses(listed, seen, named = unreachable) {
  const wrong = [];
  for (const one of listed) if (!seen.has(one) && named[one] === undefined) wrong.push(`${one} was not reached.`);
  for (const one of Object.keys(named)) {
    if (seen.has(one)) wrong.push(`${one} was reached: take it out of test/http/unreachable.json.`);
    if (!listed.includes(one)) wrong.push(`${one} of test/http/unreachable.json is listed nowhere.`);
  }
  return wrong;
}

/** Throws with what is wrong with what the houses wrote into the folder. Reads the routes of dist/. */
export async function checkStatuses(folder) {
  const { routes } = await import(`${root}dist/surfaces/http/routes/all.js`);
  const seen = new Set(readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')));
  const listed = listedStatuses(routes);
  const wrong = wrongStatuses(listed, seen);
  if (wrong.length > 0) throw new Error(`Of ${listed.length} listed statuses:\n  ${wrong.join('\n  ')}`);
  return `${listed.length - Object.keys(unreachable).length} of ${listed.length} listed statuses reached`;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.stdout.write(`${await checkStatuses(process.argv[2] ?? '')}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
