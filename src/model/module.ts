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
  /** The payload is from before what was sent last, which the provider answered without one: it says nothing of what is there. */
  readonly isStale?: true;
  /** Of an absent one: the id that its resource had when it was found gone. */
  readonly lost?: string | null;
  /** What was asked for by overrides and carried out: the last wish by its action (`wishKey`). */
  readonly answered?: { readonly [action: string]: string };
  /**
   * Hash of the canonical text of the inputs last sent. null or absent: not known, as for a resource that was imported; the
   * planner then goes by what the payload says (rule PL8 of actions/SPEC.md).
   */
  readonly sentHash?: Hash | null;
  /** Blob of that text; null or absent: it is not kept, so that only that something changed can be told, not what. */
  readonly sent?: Hash | null;
  /** The declared resource id that was there then; absent: none was. What is reported later has its place. */
  readonly declaredId?: string;
  /** When the provider was last asked; null or absent: not known. */
  readonly syncedAtMs?: number | null;
}

/**
 * The id of a component's resource: the declared one, until another is reported of what it named, or that there is none any
 * more. One that was declared since names another resource.
 */
export function resourceIdBy(declared: string | undefined, reported: ResourceRecord | undefined): string | undefined {
  if (reported === undefined) return declared;
  const isOfDeclared = declared === undefined || declared === reported.declaredId;
  if (reported.status === 'absent') return isOfDeclared ? undefined : declared;
  return isOfDeclared ? (reported.resourceId ?? declared) : declared;
}
