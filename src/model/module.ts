// Modules, the packages of schemas and functions that a workspace has installed, and resource records, what providers
// reported about the resource of a component.

import type { Hash, SchemaId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';

/** Stored under the module's name. */
export interface ModuleRecord {
  readonly version: string;
  readonly schemas: readonly SchemaId[];
}

/** A resource as its provider reported it: the reality side of one component, stored under the component's id. */
export interface ResourceRecord {
  readonly resourceId: string | null;
  readonly status: 'ok' | 'warning' | 'failed' | 'absent';
  /** The provider's payload; `/resource_value` shows it by the schema's tree. */
  readonly payload: Json;
  /** Of the inputs last sent, and the blob of their canonical text; null or absent: it is not known what was. */
  readonly sentHash?: Hash | null;
  readonly sent?: Hash | null;
  /** When the provider was last heard of it, in milliseconds since 1970-01-01 UTC; null or absent: that is not known. */
  readonly syncedAtMs?: number | null;
}
