// A component: an instance of a schema variant, the digital twin of one resource. Its values are cells (cell.ts); what
// concerns the component as a whole stands under keys of its own, one fact a key, so that facts merge one by one.

import type { ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { Path } from './path.ts';

/** Stored under the component's id. */
export interface ComponentRecord {
  readonly schema: SchemaId;
  readonly variant: VariantId;
}

/**
 * Per-component switches that people set. `protect`: no destroy is ever planned. `retain`: deleting leaves the resource.
 * `create_first`: where the resource is replaced, the new one is made before the old one is destroyed.
 */
export type ComponentFlag = 'protect' | 'retain' | 'create_first';
export const componentFlags: readonly ComponentFlag[] = ['protect', 'retain', 'create_first'];

/** Everything stored about one component, for an erase's inverse, a paste, an export. Paths in canonical order. */
export interface ComponentImage {
  readonly record: ComponentRecord;
  /** Cell and element records by stored key below the component (`/domain/X`, `/domain/Tags/@…#`). */
  readonly cells: Readonly<Record<string, JsonObject>>;
  readonly flags: readonly ComponentFlag[];
  readonly ignored: readonly Path[];
  readonly dependsOn: readonly ComponentId[];
  readonly manages: readonly ComponentId[];
}
