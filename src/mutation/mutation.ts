// Effective mutations: the closed algebra of edits that the log keeps and that merge, undo and replay work on. Each
// writes one fact (a cell, an element, a record) plus the index keys derived from it; `component.create` and `.erase`
// carry a whole component. Authors speak in requests (request.ts), which compile to these.
// Every kind has the same operations, one file per family: see Operations.

import type { ComponentId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { type Result, unreachable } from '../base/result.ts';
import type { Cell } from '../model/cell.ts';
import type { ComponentImage } from '../model/component.ts';
import type { Path } from '../model/path.ts';
import type { Category, Draft, Reader } from '../model/state.ts';
import { cellOperations } from './cell.ts';
import { componentOperations } from './component.ts';
import { elementOperations } from './element.ts';
import type { Noun } from './nouns.ts';
import { recordOperations } from './record.ts';
import { type TextChange, textOperations } from './text.ts';

export type ComponentMutation =
  | { readonly kind: 'component.create'; readonly component: ComponentId; readonly image: ComponentImage }
  | { readonly kind: 'component.erase'; readonly component: ComponentId }
  | { readonly kind: 'component.mark' | 'component.unmark'; readonly component: ComponentId }
  | {
      readonly kind: 'component.retype';
      readonly component: ComponentId;
      readonly schema: SchemaId;
      readonly variant: VariantId;
    };

export type CellMutation =
  | { readonly kind: 'cell.set'; readonly component: ComponentId; readonly path: Path; readonly cell: Cell }
  | { readonly kind: 'cell.unset'; readonly component: ComponentId; readonly path: Path };

export type ElementMutation =
  | {
      readonly kind: 'element.insert';
      readonly component: ComponentId;
      /** Of the element itself. */
      readonly path: Path;
      readonly order: string;
      readonly tie: string;
    }
  | { readonly kind: 'element.move'; readonly component: ComponentId; readonly path: Path; readonly order: string }
  | { readonly kind: 'element.remove'; readonly component: ComponentId; readonly path: Path };

export type RecordMutation =
  | { readonly kind: 'record.create'; readonly noun: Noun; readonly key: string; readonly record: JsonObject }
  | { readonly kind: 'record.remove'; readonly noun: Noun; readonly key: string }
  | {
      readonly kind: 'record.set';
      readonly noun: Noun;
      readonly key: string;
      readonly field: string;
      readonly value: Json;
    };

/** An edit of a function's text: the changes, and the hashes of the text before and after. */
export interface TextMutation {
  readonly kind: 'text.edit';
  readonly function: string;
  readonly changes: readonly TextChange[];
  readonly from: Hash;
  readonly to: Hash;
}

export type Mutation = ComponentMutation | CellMutation | ElementMutation | RecordMutation | TextMutation;
export type MutationKind = Mutation['kind'];

/** One thing a mutation reads or writes: a key of a category, or everything that starts with it. */
export interface Touch {
  readonly category: Category;
  readonly key: string;
  readonly subtree: boolean;
}

export interface Footprint {
  readonly reads: readonly Touch[];
  readonly writes: readonly Touch[];
}

/** What every family implements, in this order. */
export interface Operations<M extends Mutation> {
  /** Schema constraints, then dependency requirements, against the state it is to be applied to. */
  validate(reader: Reader, m: M): Result<void>;
  /** Writes it. Total: also on a state it was not validated against. */
  apply(draft: Draft, m: M): void;
  /** The mutation that restores the state before `m`; `before` is that state. */
  invert(before: Reader, m: M): Mutation;
  footprint(m: M): Footprint;
  /** One English clause, for people. */
  describe(reader: Reader, m: M): string;
  /** Checks an encoded mutation of this family (see codec.ts). */
  decode(x: JsonObject): Result<M>;
}

export function operationsOf(kind: MutationKind): Operations<Mutation> {
  switch (kind) {
    case 'component.create':
    case 'component.erase':
    case 'component.mark':
    case 'component.unmark':
    case 'component.retype':
      return componentOperations as Operations<Mutation>;
    case 'cell.set':
    case 'cell.unset':
      return cellOperations as Operations<Mutation>;
    case 'element.insert':
    case 'element.move':
    case 'element.remove':
      return elementOperations as Operations<Mutation>;
    case 'record.create':
    case 'record.remove':
    case 'record.set':
      return recordOperations as Operations<Mutation>;
    case 'text.edit':
      return textOperations as Operations<Mutation>;
    default:
      return unreachable(kind);
  }
}

export const validate = (reader: Reader, m: Mutation): Result<void> => operationsOf(m.kind).validate(reader, m);
export const apply = (draft: Draft, m: Mutation): void => operationsOf(m.kind).apply(draft, m);
export const invert = (before: Reader, m: Mutation): Mutation => operationsOf(m.kind).invert(before, m);
export const footprint = (m: Mutation): Footprint => operationsOf(m.kind).footprint(m);
export const describe = (reader: Reader, m: Mutation): string => operationsOf(m.kind).describe(reader, m);
