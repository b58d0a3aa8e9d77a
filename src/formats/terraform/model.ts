// What an import of a Terraform state reads and plans: instances as the file has them, components as they shall be, and
// what is known of their resources. Components are in the author's form (`Input`), so that a plan and the present state
// are the same kind of thing and can be compared. What has no place in the typed tree stands under
// /si/metadata/terraform, described here.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { ResourceRecord } from '../../model/module.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';

/** Something of the file that is not in the model, or not where somebody would look for it. */
export interface Note {
  /** JSON pointer in the file. */
  readonly path: string;
  readonly reason: string;
}

/** One managed object of a state: an instance of a resource, with its secrets left out. */
export interface Instance {
  /** With the keys of modules and of the instance: `module.a["x"].aws_vpc.main[0]`. Unique in a file. */
  readonly address: string;
  /** The same without keys, as dependencies name it. */
  readonly config: string;
  /** Address of its module with keys; '' for the root. */
  readonly module: string;
  readonly type: string;
  /** Of `count` or `for_each`; null: there is one instance. */
  readonly key: string | number | null;
  /** JSON pointers in the file: of the instance, and of its attributes. */
  readonly at: string;
  readonly attributesAt: string;
  readonly attributes: JsonObject;
  /** Attributes by dotted names, as text: written by Terraform 0.11 and never typed since. */
  readonly flat: boolean;
  /** Configuration addresses as written. */
  readonly dependencies: readonly string[];
  /** What each may mean, best first: early releases wrote addresses within the module. */
  readonly needs: readonly (readonly string[])[];
  /** It will be replaced by the next apply: its creation did not come to its end. */
  readonly tainted: boolean;
  /** Further members of the resource and of the instance. */
  readonly more: JsonObject;
}

export interface StateFile {
  /** A state file of version 4, or what `terraform show -json` prints. */
  readonly form: 'state' | 'show';
  /** Members of the file beside outputs and resources. */
  readonly head: JsonObject;
  readonly outputs: JsonObject;
  /** In the order of the file. */
  readonly instances: readonly Instance[];
  readonly dataSources: number;
  /** Attributes left out because they are secret. */
  readonly secrets: number;
  readonly notes: readonly Note[];
}

/** What the format keeps under /si/metadata/terraform of an instance. Members may be missing. */
export interface Annotations {
  readonly address?: string;
  /** The type, where the schema's name does not say it. */
  readonly type?: string;
  /** The resource id: by it an instance is known again under another address. */
  readonly id?: string;
  readonly dependencies?: readonly string[];
  readonly more?: Json;
  /** Attributes that the schema does not take. */
  readonly attributes?: Json;
  /** Parts with names that no path can have: pointer in the instance, JSON text. */
  readonly encoded?: readonly { readonly at: string; readonly json: string }[];
}

/** One component of an import, by what is declared on it. */
export interface StateComponent {
  readonly id: ComponentId;
  /** Name of its schema. */
  readonly schema: string;
  readonly name: string;
  readonly domain: Input;
  /** The declared tree under /si/metadata; the member `terraform` is the format's own (`Annotations`). */
  readonly metadata?: Input;
  readonly dependsOn: readonly ComponentId[];
  /** Of a present component: it stands on another variant of its schema than new ones would. */
  readonly outdated?: boolean;
}

/** What the provider last said of a component's resource, as the state has it. */
export interface Reality extends ResourceRecord {
  readonly component: ComponentId;
}

/** All components of one imported state: the state itself and what it manages. */
export interface StateModel {
  readonly state: ComponentId;
  readonly components: readonly StateComponent[];
  readonly reality: readonly Reality[];
}

/** A schema that has to be there before the components are created. */
export interface NeededSchema {
  readonly name: string;
  readonly category: string;
  readonly origin: string;
  readonly spec: VariantSpec;
}

export interface ImportReport {
  readonly instances: number;
  /** Instances of types that the catalogue describes. */
  readonly described: number;
  readonly subscriptions: number;
  readonly dependsOn: number;
  readonly dataSources: number;
  readonly secrets: number;
  readonly notes: readonly Note[];
}

export interface ImportPlan extends StateModel {
  /** Builtin and generic schemas that are not there, or not as wide as this state needs them. */
  readonly install: readonly NeededSchema[];
  /** Catalogue types in use: to be installed from where they were described. */
  readonly described: readonly string[];
  readonly report: ImportReport;
}

export function annotationsOf(component: Pick<StateComponent, 'metadata'>): Annotations {
  const { metadata } = component;
  const own = isObject(metadata) && Object.hasOwn(metadata, 'terraform') ? metadata['terraform'] : undefined;
  return isObject(own) ? (own as Annotations) : {};
}
