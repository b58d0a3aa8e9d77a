// Compiling `component.look_again`: the value that a function gave is asked for anew, by one cell with a wish of its own
// (model/wish.ts). Whether the function has effects, without which it would give the same, is known where functions are compiled.

import type { ActionId } from '../base/ids.ts';
import { must, RefusalError, refuse } from '../base/result.ts';
import { boundsOfVariant, isDeclaredOver } from '../graph/bound.ts';
import { parseCell } from '../model/cell.ts';
import type { Source } from '../model/expr.ts';
import { userFunctionsOf } from '../model/expr.ts';
import { cellKey } from '../model/keys.ts';
import { findComponent, resolveComponent, specOfComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { wishPath } from '../model/wish.ts';
import { labelOf } from './cell.ts';
import type { About, Compilation } from './compile.ts';
import type { Request } from './request.ts';
import { resolvePointer } from './resolve.ts';

/** Refuses `not_a_lookup`, and what names and pointers refuse. */
export function compileLookAgain(c: Compilation, r: Extract<Request, { kind: 'component.look_again' }>): About {
  const component = must(resolveComponent(c.draft, r.component));
  const spec = specOfComponent(c.draft, findComponent(c.draft, component)!);
  const place = spec === undefined ? undefined : must(resolvePointer(c.draft, component, spec, r.path));
  if (place === undefined || place.append || !isGiven(c.draft, { component, path: place.path }))
    throw notLookedUp(r.path);
  c.emit({ kind: 'cell.set', component, path: wishPath(place.path), cell: { v: c.ids.ulid<ActionId>() } });
  const sentence = `look up ${r.path} of ${labelOf(c.draft, component)} again`;
  return { subject: component, path: r.path, sentence };
}

/** Does a function that somebody wrote give the value that stands there? */
function isGiven(reader: Reader, { component, path }: Source): boolean {
  const text = reader.get('cells', cellKey(component, path));
  const cell = text === undefined ? undefined : parseCell(text);
  if (cell !== undefined) return 'x' in cell && userFunctionsOf(cell.x).length > 0;
  const bounds = boundsOfVariant(reader, findComponent(reader, component)!);
  return bounds.some((b) => b.output === path) && !isDeclaredOver(reader, component, path);
}

export function notLookedUp(path: Path | string): RefusalError {
  return new RefusalError(
    refuse('not_a_lookup', {
      path,
      expected: 'a value that a function with effects gives',
      got: 'one that is declared, follows something or is only computed',
      hint: 'explain the value, to see where it comes from',
    }).refusal,
  );
}
