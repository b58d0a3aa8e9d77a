// From one state to the next: what the step between them may have made another is marked. A change marks vertices that
// read it, and nothing where it can be told that what they read is the same.

import type { ComponentId } from '../base/ids.ts';
import type { Bound } from '../graph/bound.ts';
import { isFollowing } from '../model/cell.ts';
import { overlaps, type Path, validationPath } from '../model/path.ts';
import { wishedAt } from '../model/wish.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type CellChange, type Changes, changesBetween } from './changes.ts';
import type { Derived } from './derived.ts';
import type { Frontier } from './frontier.ts';
import { isOpen, type Known } from './known.ts';

/** What is moved on. */
interface Target {
  readonly known: Known;
  readonly frontier: Frontier;
  readonly derived: Derived;
}

/** Goes on to another state and marks what may be another. */
export function moveMarks(t: Target, next: Snapshot): void {
  const before = t.known.state;
  const changes = changesBetween(before, next);
  const { structure } = t.known;
  const boundsOf = (id: ComponentId): readonly Bound[] => t.known.component(id).facts?.bounds ?? [];
  const bounds = new Map([...changes.components, ...changes.rebound].map((id) => [id, boundsOf(id)]));
  t.known.moveTo(next, changes);
  t.frontier.stamp++;
  if (t.known.structure !== structure) t.frontier.unwind();
  for (const change of changes.cells) markCell(t, change);
  for (const id of changes.components) {
    // Its own cells follow what they followed; functions are in force only where it is not absent.
    for (const { output } of [...bounds.get(id)!, ...boundsOf(id)]) markOutput(t, id, output);
    t.frontier.spreadTo(id, (known) => known.allUsers());
  }
  for (const id of changes.rebound)
    for (const output of otherOutputs(bounds.get(id)!, boundsOf(id))) markOutput(t, id, output);
  for (const address of changes.callers) t.frontier.mark(address, true);
  markValidations(t, changes);
  // Where the secrets make no difference to a call, nothing runs.
  for (const id of changes.secrets)
    for (const { output } of t.known.component(id).facts?.bounds ?? []) t.frontier.mark(id + output, true);
  for (const id of changes.resources) {
    for (const path of ['/resource', '/resource_value', '/si/resourceId'] as Path[])
      t.frontier.spreadTo(id, (known) => known.usersAt(path));
  }
}

/** Marks validations that may be others, or are not read any more and therefore not kept. */
function markValidations(t: Target, { components, rebound, edges }: Changes): void {
  const ids = [...components, ...rebound];
  for (const { source } of edges) if (overlaps(source.path, validationPath)) ids.push(source.component);
  for (const id of ids) if (t.derived.has(id + validationPath)) t.frontier.mark(id + validationPath, true);
}

/** Marks what a change of one cell may make another: its own vertex, who reads it, functions that it stands over. */
function markCell(t: Target, { component, path, element, before, after }: CellChange): void {
  // With another wish the call is another one.
  const wished = wishedAt(path);
  if (wished !== undefined) t.frontier.mark(component + wished, true);
  if (isFollowing(before) || isFollowing(after)) t.frontier.mark(component + path, true);
  const known = t.known.component(component);
  if (known.hasBounds) for (const output of known.outputsAt(path)) markOutput(t, component, output);
  const isMove = element && before !== undefined && after !== undefined;
  // Neither a list's order nor that a container is there changes what is inside.
  const isEmpty = !element && isOpen(before) && isOpen(after);
  t.frontier.spreadTo(component, (k) => (isMove || isEmpty ? k.usersAbove(path, !isMove) : k.usersAt(path)));
}

/** Marks a bound function's vertex. Where it is not in force any more, nobody finds it below what they read. */
function markOutput(t: Target, component: ComponentId, output: Path): void {
  const known = t.known.component(component);
  t.frontier.mark(component + output, true);
  if (known.boundAt(output) !== undefined || !t.derived.has(component + output)) return;
  t.frontier.spreadTo(component, (k) => k.usersAt(output));
}

/** Outputs at which another function stands than before, or the same with other text or arguments, or none any more. */
function otherOutputs(before: readonly Bound[], after: readonly Bound[]): Set<Path> {
  const textOf = (bounds: readonly Bound[], output: Path): string => {
    const b = bounds.find((x) => x.output === output);
    return b === undefined ? '' : JSON.stringify([b.kind, b.text, b.arguments]);
  };
  const out = new Set<Path>();
  for (const { output } of [...before, ...after]) if (textOf(before, output) !== textOf(after, output)) out.add(output);
  return out;
}
