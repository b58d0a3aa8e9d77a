// Packages of schemas: written from schemas that were made of definitions, and authored in a change set elsewhere. Every schema is
// a batch of its own, as with provider packages: an installation that is refused half way is made again, and what was made of
// the same text is left alone.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, SchemaId, VariantId } from '../base/ids.ts';
import { must, ok, type Result } from '../base/result.ts';
import {
  type PackagedSchema,
  parseSchemaPackage,
  type SchemaPackage,
  schemaPackageFormat,
  schemaPackageVersion,
} from '../formats/schema_package.ts';
import { findSchema, findVariant, specOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { authorSchema } from './author.ts';
import { sourceOfSchema } from './variants.ts';
import type { Workspace } from './workspace.ts';

export interface PackageReply {
  readonly changeSet: ChangeSetId;
  /** In the order of the file; `edits` 0: it was that way already. */
  readonly schemas: readonly {
    readonly name: string;
    readonly schema: SchemaId;
    readonly variant: VariantId;
    readonly edits: number;
  }[];
}

/** Refuses `request_malformed` for another file, and what authoring refuses. */
export async function installPackage(
  w: Workspace,
  principal: Principal,
  { changeSet, text }: { readonly changeSet: ChangeSetId; readonly text: string },
): Promise<Result<PackageReply>> {
  const parsed = parseSchemaPackage(text);
  if (!parsed.ok) return parsed;
  const schemas: PackageReply['schemas'][number][] = [];
  for (const packaged of parsed.value.schemas) {
    const { name, category, text: definition, ...about } = packaged;
    const under = category === undefined ? {} : { category };
    const done = await authorSchema(w, principal, {
      changeSet,
      name,
      text: definition,
      about: saidIn(about),
      ...under,
    });
    if (!done.ok) return done;
    const { schema, variant, edits } = done.value;
    schemas.push({ name, schema, variant, edits });
  }
  return ok({ changeSet, schemas });
}

type About = Omit<PackagedSchema, 'name' | 'category' | 'text'>;

function saidIn({ docs, link, displayName, color }: About): About {
  return {
    ...(docs === undefined ? {} : { docs }),
    ...(link === undefined ? {} : { link }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(color === undefined ? {} : { color }),
  };
}

/** Refuses `schema_not_found`, and `function_not_found` for a schema that was made of no definition. */
export function packageOf(state: Reader, names: readonly string[]): Result<SchemaPackage> {
  const schemas = names.map((given): PackagedSchema => {
    const { schema, variant, name, text } = must(sourceOfSchema(state, given));
    const { category } = findSchema(state, schema)!;
    return { name, category, ...saidIn(specOf(state, findVariant(state, schema, variant)!.spec)), text };
  });
  return ok({ format: schemaPackageFormat, version: schemaPackageVersion, schemas });
}
