// What an author asks for: mutations in the author's terms (pointers with indexes, whole containers, names or ids).
// The engine compiles each into effective mutations (mutation.ts): leaf edits on stored paths, which is what the log
// keeps. Nouns are named by id, or by name where exactly one has it (`ambiguous_name` otherwise).

import type { ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { ActionFunctionKind, ActionKind, BindingArgument, FunctionKind } from '../model/function.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { ApproverRule, Geometry } from '../model/view.ts';

/**
 * A value as an author writes it: JSON in which an object with the single member `$source` says where the value comes
 * from, at any depth:
 * - `{"$source": null}` unset
 * - `{"$source": {"value": v}}` the literal `v`, nothing in it is interpreted
 * - `{"$source": {"component": idOrName, "path": pointer}}` follow; with `"func": name` through that built-in function,
 *   with `"function": idOrName` through a user's, of kind transformation or attribute
 * - `{"$source": {"call": function, "args": [input, …]}}` a built-in function, or a user's by id or name, over inputs
 * - `{"$source": {"secret": idOrName}}` a secret (only below /secrets)
 */
export type Input = Json;

/** Pointer from the component's root -> input, processed in the order given. A pointer ending in `/-` appends. */
export type Attributes = Readonly<Record<string, Input>>;

export type Request =
  | {
      readonly kind: 'component.create';
      readonly schema: string;
      readonly variant?: VariantId;
      /** Without `variant`: of the unlocked one, where the schema has one. */
      readonly workingCopy?: boolean;
      readonly name: string;
      readonly id?: ComponentId;
      readonly views?: readonly string[];
      readonly attributes?: Attributes;
      /** A component that manages the new one. */
      readonly managedBy?: string;
    }
  | { readonly kind: 'component.rename'; readonly component: string; readonly name: string }
  | { readonly kind: 'component.delete' | 'component.restore' | 'component.erase'; readonly component: string }
  | { readonly kind: 'component.upgrade'; readonly component: string; readonly variant?: VariantId }
  | {
      readonly kind: 'component.duplicate';
      readonly component: string;
      readonly id?: ComponentId;
      readonly name?: string;
      /** Default: those of the original. */
      readonly views?: readonly string[];
    }
  | { readonly kind: 'component.set_resource_id'; readonly component: string; readonly resourceId: string | null }
  /** `to` takes over the resource of `from`, which is erased; who followed `from` follows `to`. */
  | { readonly kind: 'component.moved'; readonly from: string; readonly to: string }
  /** A value that a function with effects gave is asked for anew. */
  | { readonly kind: 'component.look_again'; readonly component: string; readonly path: string }
  | { readonly kind: 'component.protect' | 'component.retain'; readonly component: string; readonly on: boolean }
  | {
      readonly kind: 'component.ignore_changes';
      readonly component: string;
      readonly path: string;
      readonly on: boolean;
    }
  | { readonly kind: 'component.manage' | 'component.unmanage'; readonly component: string; readonly managed: string }
  | { readonly kind: 'depends_on.add' | 'depends_on.remove'; readonly component: string; readonly on: string }
  /** Sets a value, whole containers included; what `value` leaves out of a container the author saw is removed. */
  | { readonly kind: 'attribute.set'; readonly component: string; readonly path: string; readonly value: Input }
  | { readonly kind: 'attribute.unset'; readonly component: string; readonly path: string }
  /** Inserts before the element at `index`; absent or the length: at the end. */
  | {
      readonly kind: 'list.insert';
      readonly component: string;
      readonly path: string;
      readonly index?: number;
      readonly value: Input;
    }
  /** `to` is the index the element has afterwards. */
  | {
      readonly kind: 'list.move';
      readonly component: string;
      readonly path: string;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'list.remove'; readonly component: string; readonly path: string; readonly index: number }
  | {
      readonly kind: 'map.put';
      readonly component: string;
      readonly path: string;
      readonly key: string;
      readonly value: Input;
    }
  | { readonly kind: 'map.remove'; readonly component: string; readonly path: string; readonly key: string }
  | {
      readonly kind: 'attribute.subscribe';
      readonly component: string;
      readonly path: string;
      readonly source: JsonObject;
    }
  | { readonly kind: 'attribute.unsubscribe'; readonly component: string; readonly path: string }
  | { readonly kind: 'view.create'; readonly name: string; readonly id?: string }
  | { readonly kind: 'view.rename'; readonly view: string; readonly name: string }
  | { readonly kind: 'view.remove'; readonly view: string }
  | { readonly kind: 'view.add_component' | 'view.remove_component'; readonly view: string; readonly component: string }
  | {
      readonly kind: 'view.set_geometry';
      readonly view: string;
      readonly component: string;
      readonly geometry: Geometry | null;
    }
  | { readonly kind: 'view.set_approvers'; readonly view: string; readonly rule: ApproverRule | null }
  | {
      readonly kind: 'schema.create';
      readonly id?: SchemaId;
      readonly name: string;
      readonly category?: string;
      readonly spec: VariantSpec;
    }
  /**
   * What the text of a schema definition came to: makes the schema of that name, or edits its unlocked variant, which is
   * made first when all are locked. The text stays with the variant; `follows`: properties that take the value of another;
   * `functions`: those that stand in the text; `gone`: names of those that stood in the text before; `isNew`: refused
   * (`name_taken`) where there is a schema of that name.
   */
  | {
      readonly kind: 'schema.define';
      readonly id?: SchemaId;
      readonly name: string;
      readonly category?: string;
      readonly spec: VariantSpec;
      readonly text: string;
      readonly follows?: readonly { readonly output: string; readonly path: string }[];
      readonly functions?: readonly {
        readonly name: string;
        readonly functionKind: FunctionKind;
        readonly text: string;
        readonly arguments?: readonly BindingArgument[];
        readonly output?: string;
        readonly action?: ActionFunctionKind;
      }[];
      readonly gone?: readonly string[];
      readonly isNew?: boolean;
    }
  /** Installs a catalogue schema; ids follow from its content, so installing twice is the same as once. */
  | {
      readonly kind: 'schema.install';
      readonly name: string;
      readonly category: string;
      readonly origin: string;
      readonly spec: VariantSpec;
    }
  | {
      readonly kind: 'schema.edit_variant';
      readonly variant: string;
      readonly spec: VariantSpec;
      readonly name?: string;
    }
  | { readonly kind: 'schema.lock_variant'; readonly variant: string }
  /** Makes an unlocked copy; answers the one that exists when there is one. */
  | { readonly kind: 'schema.unlock_variant'; readonly variant: string; readonly id?: VariantId }
  | { readonly kind: 'schema.set_default'; readonly schema: string; readonly variant: string }
  | {
      readonly kind: 'function.create';
      readonly id?: string;
      readonly name: string;
      readonly functionKind: FunctionKind;
      readonly text: string;
      readonly displayName?: string;
      readonly description?: string;
    }
  | { readonly kind: 'function.edit_text'; readonly function: string; readonly text: string }
  | {
      readonly kind: 'function.set_metadata';
      readonly function: string;
      readonly name?: string;
      readonly displayName?: string;
      readonly description?: string;
    }
  | { readonly kind: 'function.lock'; readonly function: string }
  | { readonly kind: 'function.unlock'; readonly function: string; readonly id?: string }
  | {
      readonly kind: 'binding.attach';
      readonly id?: string;
      readonly function: string;
      readonly schema?: string;
      readonly variant?: string;
      readonly arguments?: readonly BindingArgument[];
      readonly output?: string;
      readonly action?: ActionFunctionKind;
    }
  | { readonly kind: 'binding.detach'; readonly binding: string }
  | {
      readonly kind: 'secret.put';
      readonly secret?: string;
      readonly id?: string;
      readonly name: string;
      readonly definition: string;
      readonly description?: string;
      readonly key: string;
    }
  | { readonly kind: 'secret.rename'; readonly secret: string; readonly name: string }
  | { readonly kind: 'secret.remove'; readonly secret: string }
  | {
      readonly kind: 'action.skip' | 'action.hold' | 'action.add' | 'action.remove';
      readonly component: string;
      readonly action: ActionKind;
      readonly name?: string;
    };

export type RequestKind = Request['kind'];
