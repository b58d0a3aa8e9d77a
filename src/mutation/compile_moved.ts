// Compiling `component.moved`: a component takes over the resource of another one, which goes out of the model without it. It
// is made of edits there are: the one that goes is erased, the one that takes over gets the cell that says whose resource it
// has (model/moved.ts). Who followed or waited for the one does so with the other. Nothing is said to reality: what is known
// of the resource stays where it stands.

import type { RefusalCode } from '../base/codes.ts';
import type { ComponentId } from '../base/ids.ts';
import { type Json, type JsonObject, sameJson } from '../base/json.ts';
import { must, RefusalError, refuse } from '../base/result.ts';
import { edgesOutOfComponent } from '../graph/edges.ts';
import { parseCell } from '../model/cell.ts';
import { componentFlags } from '../model/component.ts';
import { mapSources } from '../model/expr.ts';
import { cellKey, dependsKey, flagKey, index, indexUser } from '../model/keys.ts';
import {
  declaredResourceId,
  findComponent,
  findSchema,
  hasResource,
  isMarked,
  resolveComponent,
  resourceIdOf,
} from '../model/lookup.ts';
import { resourceKeyOf } from '../model/moved.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { labelOf } from './cell.ts';
import { type About, type Compilation, malformed } from './compile.ts';
import { erase, toggle } from './compile_component.ts';
import type { Request } from './request.ts';

type Move = { readonly from: ComponentId; readonly to: ComponentId };

/** Refuses `moved_between_schemas`, `moved_without_resource`, `moved_onto_resource`, and what its edits refuse. */
export function compileMoved(c: Compilation, r: Extract<Request, { kind: 'component.moved' }>): About {
  const from = must(resolveComponent(c.draft, r.from, 'from'));
  const to = must(resolveComponent(c.draft, r.to, 'to'));
  const move = { from, to };
  if (from === to) malformed('to', 'another component', r.to);
  checkMove(c.draft, move);
  const key = resourceKeyOf(c.draft, from);
  const declared = declaredResourceId(c.draft, from);
  const id = resourceIdOf(c.draft, from);
  const sentence = `move the resource${id === undefined ? '' : ` ${id}`} of ${labelOf(c.draft, from)} to ${labelOf(c.draft, to)}`;
  followInstead(c, move);
  dependInstead(c, move);
  // What protects the resource goes with it.
  for (const flag of componentFlags)
    if (c.draft.get('components', flagKey(from, flag)) !== undefined) toggle(c, 'flag', flagKey(to, flag), true);
  const gone = erase(c, from).sentence ?? '';
  writeText(c, to, wellKnown.movedFrom, key === to ? undefined : key);
  writeText(c, to, wellKnown.resourceId, declared);
  const lost = gone.indexOf(', and unset');
  return { subject: to, path: wellKnown.movedFrom, sentence: lost === -1 ? sentence : sentence + gone.slice(lost) };
}

function checkMove(reader: Reader, { from, to }: Move): void {
  const schemaOf = (component: ComponentId): string => findComponent(reader, component)!.schema;
  const named = (component: ComponentId): string => {
    const schema = findComponent(reader, component)!.schema;
    return `${labelOf(reader, component)} of ${findSchema(reader, schema)?.name ?? schema}`;
  };
  if (schemaOf(from) !== schemaOf(to))
    refused('moved_between_schemas', {
      path: 'to',
      expected: 'two components of one schema',
      got: `${named(from)} and ${named(to)}`,
      hint: 'a resource keeps its type; name a component of the same schema',
    });
  if (!hasResource(reader, from))
    refused('moved_without_resource', {
      path: 'from',
      expected: 'a component that has a resource',
      got: `${labelOf(reader, from)}, which has none`,
      hint: 'there is nothing to keep: delete it',
    });
  if (hasResource(reader, to))
    refused('moved_onto_resource', {
      path: 'to',
      expected: 'a component that has no resource',
      got: `${labelOf(reader, to)}, which has ${resourceIdOf(reader, to) ?? 'one'}`,
      hint: 'one component has one resource: erase it, which leaves its resource, or move to a new one',
    });
  if (isMarked(reader, to))
    refused('component_marked', {
      path: 'to',
      expected: 'a component that is not marked for deletion',
      got: `${labelOf(reader, to)}, marked`,
      hint: 'restore it first',
    });
}

function refused(code: RefusalCode, what: Parameters<typeof refuse>[1]): never {
  throw new RefusalError(refuse(code, what).refusal);
}

/** Values of components that stay and follow the one that goes. What cannot follow the other one is refused with why. */
function followInstead(c: Compilation, { from, to }: Move): void {
  const users = new Map<string, { component: ComponentId; path: Path }>();
  for (const { user } of edgesOutOfComponent(c.draft, from)) users.set(cellKey(user.component, user.path), user);
  for (const [key, { component, path }] of users) {
    if (component === from || component === to || isMarked(c.draft, component)) continue;
    const cell = parseCell(c.draft.get('cells', key)!);
    if (!('x' in cell)) continue;
    const x = mapSources(cell.x, (s) => ({ s: [s.component === from ? to : s.component, s.path] }));
    c.emit({ kind: 'cell.set', component, path, cell: { x } });
  }
}

function dependInstead(c: Compilation, { from, to }: Move): void {
  for (const [key] of [...c.draft.scan('index', index.dependentsOf(from))]) {
    const component = indexUser(key) as ComponentId;
    if (component !== to) toggle(c, 'depends', dependsKey(component, to), true);
  }
}

/** undefined: no value. */
function writeText(c: Compilation, component: ComponentId, path: Path, value: string | undefined): void {
  const text = c.draft.get('cells', cellKey(component, path));
  const cell: JsonObject | undefined = value === undefined ? undefined : { v: value };
  if (sameJson((text === undefined ? null : parseCell(text)) as Json, cell ?? null)) return;
  if (value === undefined) c.emit({ kind: 'cell.unset', component, path });
  else c.emit({ kind: 'cell.set', component, path, cell: { v: value } });
}
