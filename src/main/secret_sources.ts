// Which variables, folders and paths of a key vault contents of secrets may come from: `secret-sources.json` in the data folder,
// which the installation's owner writes by `headwater secret-source` or by hand. Nothing is allowed without it. It is read
// whenever a content is asked for, so that a change counts at once; no workspace and no server changes it.

import { join } from 'node:path';
import { isAllowance } from '../model/secret_reference.ts';
import { KeptDocument } from './kept_document.ts';

export const sourcesFile = 'secret-sources.json';
/** 1: `allowed`, texts. */
const sourcesFormat = 1;
const sourcesMax = 1_000;

const documentOf = (folder: string): KeptDocument =>
  new KeptDocument(join(folder, sourcesFile), { format: sourcesFormat, code: 'secret_sources_unreadable' });

/** In order. Faults: `secret_sources_unreadable`. */
export function allowedSources(folder: string): readonly string[] {
  const document = documentOf(folder);
  const read = document.read();
  if (read === undefined) return [];
  const { allowed } = read;
  if (!Array.isArray(allowed) || allowed.length > sourcesMax)
    throw document.unreadable(`allowed is no list of at most ${sourcesMax} sources`);
  return allowed.map((source) => {
    if (typeof source !== 'string' || !isAllowance(source))
      throw document.unreadable(`${JSON.stringify(source)} is not env:NAME, file:/folder/ or vault:MOUNT/`);
    return source;
  });
}

/** Answers whether that changed anything. Faults: `secret_sources_unreadable`. */
export function allowSource(folder: string, source: string, isAllowed: boolean): boolean {
  const before = allowedSources(folder);
  if (before.includes(source) === isAllowed) return false;
  const after = isAllowed ? [...before, source].sort() : before.filter((other) => other !== source);
  documentOf(folder).write({ allowed: after });
  return true;
}
