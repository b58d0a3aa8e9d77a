// Names of components for people, by their ids. For programs (--json) nothing is looked up: the ids are what they
// work with.

import type { ComponentView } from '../../engine/component.ts';
import type { RunRecord } from '../../model/run.ts';
import type { Session } from './program.ts';

/** Components whose names are looked up for one listing. */
const namesMax = 50;

/** The name of each run's component in the run's change set; the id where there is none. */
export async function componentNames(
  s: Session,
  runs: readonly Pick<RunRecord, 'changeSet' | 'component'>[],
): Promise<(component: string) => string> {
  const names = new Map<string, string>();
  for (const { changeSet, component } of s.json ? [] : runs) {
    if (component === '' || names.has(component) || names.size >= namesMax) continue;
    const view = await s.attempt<ComponentView>('component.get', { changeSet, component });
    names.set(component, view.ok && view.value.name !== '' ? view.value.name : component);
  }
  return (component) => names.get(component) ?? component;
}
