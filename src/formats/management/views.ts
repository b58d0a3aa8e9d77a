// The views that a result speaks of, by name, and places on them. New components are placed relative to the component that the
// function ran on; a move says where to.

import type { ComponentId } from '../../base/ids.ts';
import { placementKey } from '../../model/keys.ts';
import { findRecord, resolveView } from '../../model/lookup.ts';
import type { Reader } from '../../model/state.ts';
import type { Geometry } from '../../model/view.ts';
import type { CreateOperation, Operations, Position } from './operations.ts';
import { fail } from './reading.ts';

export interface PlacedIn {
  /** Name of the view. */
  readonly view: string;
  /** null: the console finds a place. */
  readonly geometry: Geometry | null;
  readonly from: string;
}

export class Views {
  readonly #state: Reader;
  readonly #component: ComponentId;
  /** The view that the function was run in. */
  readonly #current: string;
  readonly #created: ReadonlySet<string>;

  constructor(
    { state, component, view }: { readonly state: Reader; readonly component: ComponentId; readonly view: string },
    { create }: Operations['views'],
  ) {
    this.#state = state;
    this.#component = component;
    this.#current = view;
    this.#created = new Set(create);
  }

  /** Is there a view of that name, whatever the result creates? */
  exists(name: string): boolean {
    return resolveView(this.#state, name).ok;
  }

  /** Throws `view_not_found`, `ambiguous_name`. */
  mustExist(name: string, at: string): string {
    if (this.#created.has(name)) return name;
    const found = resolveView(this.#state, name, at);
    return found.ok ? found.value : fail(found);
  }

  /** Where a new component is placed; undefined: nothing is said and there is no view to say it of. */
  placingsOf(geometry: CreateOperation['geometry'], at: string): readonly PlacedIn[] | undefined {
    if (geometry !== undefined && 'views' in geometry) {
      return geometry.views.map(({ name, at: from, position }) => {
        const view = this.mustExist(name, from);
        return { view, geometry: this.#beside(view, position), from };
      });
    }
    if (!this.exists(this.#current)) return undefined;
    const view = this.mustExist(this.#current, at);
    const position = geometry?.current ?? {};
    return [{ view, geometry: this.#beside(view, position), from: `${at}/geometry` }];
  }

  /** A position from that of the component itself: in that view, else in the one that the function was run in. */
  #beside(view: string, position: Position): Geometry | null {
    if (Object.keys(position).length === 0) return null;
    const origin = this.#geometryIn(view, this.#component) ?? this.#geometryIn(this.#current, this.#component);
    const { x = 0, y = 0, width = null, height = null } = position;
    return { x: x + (origin?.x ?? 0), y: y + (origin?.y ?? 0), width, height };
  }

  /** Where a component is after a move; what the move leaves out stays. */
  moved(view: string, component: ComponentId, position: Position): Geometry {
    const before = this.#geometryIn(view, component) ?? { x: 0, y: 0, width: null, height: null };
    return { ...before, ...position };
  }

  #geometryIn(view: string, component: ComponentId): Geometry | undefined {
    const found = resolveView(this.#state, view);
    if (!found.ok) return undefined;
    const key = placementKey(found.value, component);
    return findRecord<{ geometry: Geometry | null }>(this.#state, 'views', key)?.geometry ?? undefined;
  }
}
