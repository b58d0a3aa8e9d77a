// Builds a compact catalogue into a directory, or leaves it alone when it is the one that would be built. Runs while the
// product is built, never while it runs. Every file is written beside its name and renamed onto it, the index last, so a
// reader meets the old catalogue or the new one and two builds at once do no harm.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { categoryOf, deriver } from './derive.ts';
import { summaryOf } from './docs.ts';
import { type CatalogueHead, type DescribedType, indexFileName, indexText, packCatalogue, parseIndex } from './pack.ts';
import type { Spec } from './spec.ts';

export interface BuildReport {
  /** False: the directory held this catalogue already. */
  readonly built: boolean;
  readonly types: number;
  readonly indexBytes: number;
  readonly dataBytes: number;
}

/** `loadSpec` is called only if there is something to build: loading the specification is most of the work. */
export function buildCatalogue(directory: string, head: CatalogueHead, loadSpec: () => Spec): BuildReport {
  const present = findPresent(directory, head.key);
  if (present !== undefined) return present;
  const { index, data } = packCatalogue(head, describeTypes(loadSpec()));
  const text = indexText(index);
  mkdirSync(directory, { recursive: true });
  writeWhole(directory, index.dataFile, data);
  writeWhole(directory, indexFileName, text);
  for (const name of readdirSync(directory)) {
    if (/^types-[0-9a-f]+\.bin$/.test(name) && name !== index.dataFile) rmSync(join(directory, name), { force: true });
  }
  return { built: true, types: index.rows.length, indexBytes: Buffer.byteLength(text), dataBytes: data.length };
}

/** Every resource type of the specification with its document. */
export function* describeTypes(spec: Spec): Generator<DescribedType> {
  const derive = deriver(spec);
  for (const resource of spec.resources) {
    const name = resource.cloudFormationType;
    yield {
      name,
      category: categoryOf(name),
      summary: summaryOf(resource.documentation, name),
      spec: derive(resource),
    };
  }
}

/** The catalogue in `directory`, if it is whole and was made from what `key` names. */
function findPresent(directory: string, key: string): BuildReport | undefined {
  const path = join(directory, indexFileName);
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    const index = parseIndex(text, path);
    const data = join(directory, index.dataFile);
    if (index.key !== key || !existsSync(data) || statSync(data).size !== index.dataBytes) return undefined;
    return { built: false, types: index.rows.length, indexBytes: Buffer.byteLength(text), dataBytes: index.dataBytes };
  } catch {
    // Damaged or of another release: build it again, whatever the reason.
    return undefined;
  }
}

function writeWhole(directory: string, name: string, content: string | Uint8Array): void {
  const beside = join(directory, `.${name}.${process.pid}`);
  writeFileSync(beside, content);
  renameSync(beside, join(directory, name));
}
