// Provider packages in a workspace: which there are, and authoring the schemas of one in a change set. Every schema is a
// batch of its own, so an installation that is refused half way is made again: what was made of the same text is left alone.
//
// Where a package stands for a whole catalogue, schemas that were installed from there earlier are brought to what the
// catalogue says now: their components move with an upgrade, as after every other new variant.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findVariant, specOf } from '../model/lookup.ts';
import { type SchemaRecord, schemaOfAll, variantSpecText } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import type { ProviderPackage } from '../ports/provider_packages.ts';
import { authorSchema } from './author.ts';
import type { Call } from './operation.ts';
import { submit } from './submit.ts';
import { sourceOfSchema } from './variants.ts';
import type { Workspace } from './workspace.ts';

/** `older`: another text than the package has now, as after a newer release or an edit. */
type Installed = 'no' | 'yes' | 'older' | 'in part';

export interface ProviderLine {
  readonly name: string;
  readonly description: string;
  readonly installed: Installed;
  readonly schemas: readonly string[];
}

/** As they stand in a state. */
export function listProviders(state: Reader, packages: readonly ProviderPackage[]): ProviderLine[] {
  return packages.map((p) => ({
    name: p.name,
    description: p.description,
    installed: installedIn(state, p),
    schemas: p.schemas.map((s) => s.name),
  }));
}

function installedIn(state: Reader, { schemas }: ProviderPackage): Installed {
  const sources = schemas.map((s) => sourceOfSchema(state, s.name));
  if (sources.every((s) => !s.ok)) return 'no';
  if (sources.some((s) => !s.ok)) return 'in part';
  return sources.every((s, i) => s.ok && s.value.text === schemas[i]!.text) ? 'yes' : 'older';
}

export interface InstallReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly provider: string;
  /** Single edits each came to; 0: it was there already. */
  readonly schemas: readonly { readonly name: string; readonly edits: number }[];
  /** Schemas of its catalogue that were brought to what the catalogue says now. */
  readonly updated: readonly string[];
  readonly edits: number;
}

/** Refuses `provider_not_found`, and what authoring and submitting refuse. */
export async function installProvider(
  c: Call,
  w: Workspace,
  ask: { readonly changeSet: ChangeSetId; readonly provider: string },
): Promise<Result<InstallReply>> {
  const { changeSet, provider } = ask;
  const all = c.engine.packages.list();
  const found = all.find((p) => p.name === provider);
  if (found === undefined) {
    return refuse('provider_not_found', {
      path: 'provider',
      expected: all.length === 0 ? 'a provider package' : `one of ${all.map((p) => p.name).join(', ')}`,
      got: JSON.stringify(provider),
      hint: 'list the packages with `headwater provider list`',
    });
  }
  const schemas: { name: string; edits: number }[] = [];
  for (const { name, text, category } of found.schemas) {
    c.progress(`${name} (${schemas.length + 1} of ${found.schemas.length})`);
    const now = await w.present(changeSet);
    if (!now.ok) return now;
    const source = await w.read(() => sourceOfSchema(now.value.snapshot, name));
    if (source.ok && source.value.text === text) {
      schemas.push({ name, edits: 0 });
      continue;
    }
    const under = category === undefined ? {} : { category };
    const done = await authorSchema(w, c.principal, { changeSet, text, name, ...under });
    if (!done.ok) return done;
    schemas.push({ name, edits: done.value.edits });
  }
  const updated = await updateCatalogued(w, c.principal, changeSet, found);
  if (!updated.ok) return updated;
  const now = await w.present(changeSet);
  if (!now.ok) return now;
  const { version } = now.value.row;
  const edits = schemas.reduce((n, s) => n + s.edits, 0) + updated.value.edits;
  return ok({ changeSet, version, provider, schemas, updated: updated.value.names, edits });
}

async function updateCatalogued(
  w: Workspace,
  principal: Principal,
  changeSet: ChangeSetId,
  { schemas }: ProviderPackage,
): Promise<Result<{ readonly names: readonly string[]; readonly edits: number }>> {
  const { catalogue } = w;
  const all = schemaOfAll({ origin: catalogue.origin });
  if (!schemas.some((s) => s.name === all)) return ok({ names: [], edits: 0 });
  const now = await w.present(changeSet);
  if (!now.ok) return now;
  const mutations = await w.read(() => [...outdated(now.value.snapshot, catalogue)]);
  if (mutations.length === 0) return ok({ names: [], edits: 0 });
  const done = await submit(w, principal, { changeSet, mutations });
  if (!done.ok) return done;
  return ok({ names: mutations.map((m) => m.name), edits: done.value.steps.reduce((n, s) => n + s.edits, 0) });
}

type Install = Extract<Request, { kind: 'schema.install' }>;

/** Those whose default variant is another than the catalogue's, but for those that were opened for what no catalogue says. */
function* outdated(state: Reader, catalogue: Catalogue): Generator<Install> {
  for (const [key, text] of state.scan('schemas', '')) {
    if (key.includes('/')) continue;
    const { name, category, origin, defaultVariant } = JSON.parse(text) as SchemaRecord;
    const spec = origin === catalogue.origin && defaultVariant !== null ? catalogue.load(name) : undefined;
    const record = spec && findVariant(state, key as never, defaultVariant!);
    if (spec === undefined || record === undefined) continue;
    const installed = specOf(state, record.spec);
    if (installed.resourceValue.kind === 'map' || installed.domain.kind === 'map') continue;
    if (variantSpecText(installed) !== variantSpecText(spec))
      yield { kind: 'schema.install', name, category, origin, spec };
  }
}
