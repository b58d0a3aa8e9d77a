// A template as components: what an import plans and an export reads. A component's values are in the author's form
// (`Input`), so that a plan, the present state and an edited state are the same kind of thing and can be compared.
// What a template says that has no place in the typed tree stands in the component's annotations, described here.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { ComponentFlag } from '../../model/component.ts';
import { pointerOf } from '../../model/path.ts';
import type { Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import type { Spelling } from './plain.ts';

export const componentSections = ['Parameters', 'Conditions', 'Resources', 'Outputs'] as const;
export type ComponentSection = (typeof componentSections)[number];

/** One component of a template, by what is declared on it; what comes from defaults is left out. */
export interface TemplateComponent {
  readonly id: ComponentId;
  /** Name of its schema. */
  readonly schema: string;
  readonly name: string;
  /** The declared tree under /domain. */
  readonly domain: Input;
  /** The declared tree under /si/metadata; the member `cloudformation` is the format's own (`Annotations`). */
  readonly metadata?: Input;
  /** What is declared at /si/enabled. */
  readonly enabled?: Input;
  readonly flags: readonly ComponentFlag[];
  readonly dependsOn: readonly ComponentId[];
}

/** All components of one template: the template itself and what it manages, without those marked for deletion. */
export interface TemplateModel {
  readonly template: ComponentId;
  readonly components: readonly TemplateComponent[];
}

/** Where a resource has what a reference to it gives. */
export function referencePath(reference: string | undefined): string {
  return reference === undefined ? '/si/resourceId' : pointerOf(['resource', 'payload', reference]);
}

/** What the format keeps under /si/metadata/cloudformation. Every member may be missing. */
export interface Annotations {
  /** The reported property that a reference to it gives; absent: the id of the resource. */
  readonly reference?: string;
  readonly section?: string;
  readonly logicalId?: string;
  /** The type as written, where it is not the schema's name. */
  readonly type?: Json;
  /** `Properties` was written, although nothing is in it. */
  readonly emptyProperties?: boolean;
  /** `DependsOn` as written, and the names in it that are no ordering edges. */
  readonly dependsOn?: { readonly as: Json; readonly other: readonly Json[] };
  readonly deletionPolicy?: Json;
  /** Members of the resource beside its properties, as inputs. */
  readonly attributes?: JsonObject;
  /** Properties that the schema does not take, where they were in the tree, as inputs. */
  readonly properties?: JsonObject;
  /** Parts with names that no path can have: pointer in the entry, JSON text. */
  readonly encoded?: readonly { readonly at: string; readonly json: string }[];
  /** How references were written that can be written in several ways: pointer in the entry, what stood there. */
  readonly spelling?: readonly { readonly at: string; readonly as: Json }[];
  /** Plain scalars that say more than their JSON value, by pointer in the entry; on the template in the template. */
  readonly plain?: readonly Spelling[];
  /** On the template: the sections that it has. */
  readonly sections?: readonly string[];
}

export function annotationsOf(component: TemplateComponent): Annotations {
  const metadata = component.metadata;
  const own = isObject(metadata) && Object.hasOwn(metadata, 'cloudformation') ? metadata['cloudformation'] : undefined;
  return isObject(own) ? (own as Annotations) : {};
}

/** A name as a logical id: letters and digits; '' when it has none. */
export function logicalIdFrom(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 240);
}

export interface Unrepresented {
  /** JSON pointer in the template. */
  readonly path: string;
  readonly reason: string;
}

export interface ImportReport {
  readonly resources: number;
  readonly parameters: number;
  /** References that are a whole value. */
  readonly subscriptions: number;
  /** References inside a string-building or conditional function, and conditions of resources and outputs. */
  readonly functionSubscriptions: number;
  readonly dependsOn: number;
  readonly unrepresented: readonly Unrepresented[];
}

/** A schema that has to be there before the components are created. */
export interface NeededSchema {
  readonly name: string;
  readonly category: string;
  readonly origin: string;
  readonly spec: VariantSpec;
}

export interface ImportPlan extends TemplateModel {
  /** Builtin and generic schemas, and described ones that the format had to open (`specFor`). */
  readonly install: readonly NeededSchema[];
  /** Types whose schema is used exactly as described: to be installed from where it was described. */
  readonly described: readonly string[];
  readonly report: ImportReport;
}

/** The member of an input that says where its value comes from; undefined for a literal. */
export function sourceOf(input: Input | undefined): Json | undefined {
  return isObject(input) && Object.hasOwn(input, '$source') ? (input['$source'] ?? null) : undefined;
}

/** Does the input follow something, at its top? */
export function isLive(input: Input): boolean {
  const source = sourceOf(input);
  return isObject(source) && (Object.hasOwn(source, 'component') || Object.hasOwn(source, 'call'));
}

export function follow(component: ComponentId, path: string): Input {
  return { $source: { component, path } };
}

export function call(name: string, args: readonly Input[]): Input {
  return { $source: { call: name, args } };
}

/** A literal as an argument: one value, nothing in it interpreted. */
export function literal(value: Json): Input {
  return mentionsSource(value) ? { $source: { value } } : value;
}

function mentionsSource(value: Json): boolean {
  if (Array.isArray(value)) return value.some(mentionsSource);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, member]) => key === '$source' || mentionsSource(member));
}

/** A kind with the definitions that it refers to. */
export interface Kind {
  readonly property: Property;
  readonly definitions: Readonly<Record<string, Property>>;
}

export function kind(property: Property): Kind {
  return { property, definitions: {} };
}
