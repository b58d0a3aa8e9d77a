// A component that manages two others, and results translated against them: into requests that really are carried out.

import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { type Refusal, refusalText } from '../../../src/base/result.ts';
import { Evaluation } from '../../../src/builtins/evaluate.ts';
import { parseManagementResult } from '../../../src/formats/management/operations.ts';
import { batchOf, type ManagementBatch } from '../../../src/formats/management/requests.ts';
import type { Request } from '../../../src/mutation/request.ts';
import { smallWorld, thingSpec, type World } from '../../support/model_world.ts';

export interface Scene {
  readonly world: World;
  readonly me: ComponentId;
  readonly one: ComponentId;
  readonly two: ComponentId;
  /** Not managed. */
  readonly stranger: ComponentId;
}

export function newScene(seed = 1): Scene {
  const world = smallWorld(seed);
  const me = world.create('me', { '/domain/text': 'hello', '/domain/labels': { a: 'x', b: 'y' } });
  const one = world.create('one', { '/domain/text': { $source: { component: me, path: '/domain/text' } } });
  const two = world.create('two');
  const stranger = world.create('stranger');
  world.do(
    { kind: 'component.manage', component: me, managed: one },
    { kind: 'component.manage', component: me, managed: two },
    { kind: 'function.create', name: 'reboot', functionKind: 'action', text: 'const main = () => ({});' },
    { kind: 'binding.attach', function: 'reboot', schema: 'Thing', action: 'manual' },
    { kind: 'view.set_geometry', view: 'All', component: me, geometry: { x: 100, y: 200, width: null, height: null } },
  );
  return { world, me, one, two, stranger };
}

/** The tree that a function is given of a component. */
export function seenOf({ world }: Scene, component: ComponentId): JsonObject {
  const value = new Evaluation(world.snapshot, () => ({ state: 'pending' })).view(component).value;
  return { domain: {}, ...(value as JsonObject) };
}

export function translate(scene: Scene, result: Json | undefined) {
  const { world, me, one, two } = scene;
  const parsed = parseManagementResult(result);
  if (!parsed.ok) return parsed;
  return batchOf(
    {
      state: world.snapshot,
      component: me,
      managed: [one, two],
      view: 'All',
      seen: new Map([me, one, two].map((id) => [id, seenOf(scene, id)])),
      catalogued: (schema) => (schema === 'Catalogued' ? thingSpec : undefined),
      newId: () => world.ids.ulid<ComponentId>(),
    },
    parsed.value,
  );
}

export const returned = (ops: Json): Json => ({ status: 'ok', ops });

/** The requests that operations come to. */
export function batch(scene: Scene, ops: Json): ManagementBatch {
  const done = translate(scene, returned(ops));
  if (!done.ok) throw new Error(refusalText(done.refusal));
  return done.value;
}

export function requests(scene: Scene, ops: Json): readonly Request[] {
  return batch(scene, ops).edits.map((e) => e.request);
}

export function refusedOf(scene: Scene, result: Json | undefined): Refusal {
  const done = translate(scene, result);
  if (done.ok) throw new Error(`not refused: ${JSON.stringify(result)}`);
  return done.refusal;
}
