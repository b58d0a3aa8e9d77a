// What is known of one component, read from a state when it is asked for and not before: a look at one value of a large
// component reads little of it.

import type { ComponentId, Hash } from '../base/ids.ts';
import { type Bound, BoundTable } from '../graph/bound.ts';
import { type Cell, parseCell } from '../model/cell.ts';
import type { ComponentRecord } from '../model/component.ts';
import { hasConstraints } from '../model/constraints.ts';
import { type Declared, readDeclared } from '../model/declared.ts';
import { cellKey, elementKey } from '../model/keys.ts';
import { findComponent, isAbsent, nameOf, reportedOf, specOfComponent } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { type Path, validationPath } from '../model/path.ts';
import { type Matches, matchPattern } from '../model/pattern.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Facts } from './assemble.ts';

/** undefined: there is no such component. */
export function factsOf(
  reader: Reader,
  component: ComponentId,
  table: BoundTable = new BoundTable(reader),
): ReadFacts | undefined {
  const record = findComponent(reader, component);
  return record && new ReadFacts(reader, record, { component, table });
}

export class ReadFacts implements Facts {
  readonly component: ComponentId;
  readonly #reader: Reader;
  readonly #record: ComponentRecord;
  readonly #table: BoundTable;
  #bounds: readonly Bound[] | undefined;
  #found: { readonly spec: VariantSpec | undefined } | undefined;

  constructor(
    reader: Reader,
    record: ComponentRecord,
    { component, table }: { readonly component: ComponentId; readonly table: BoundTable },
  ) {
    this.#reader = reader;
    this.#table = table;
    this.component = component;
    this.#record = record;
  }

  get absent(): boolean {
    return isAbsent(this.#reader, this.component);
  }

  get name(): string {
    return nameOf(this.#reader, this.component);
  }

  get spec(): VariantSpec | undefined {
    return this.#spec();
  }

  #spec(): VariantSpec | undefined {
    this.#found ??= { spec: specOfComponent(this.#reader, this.#record) };
    return this.#found.spec;
  }

  get bounds(): readonly Bound[] {
    this.#bounds ??= this.#table.inForce(this.component, this.#record);
    return this.#bounds;
  }

  get validated(): boolean {
    const spec = this.#spec();
    return spec !== undefined && hasConstraints(spec) && !this.outputs.includes(validationPath);
  }

  get matches(): Matches {
    return this.#reader.matches ?? matchPattern;
  }

  /** Outputs of its variant's bound functions, in force or not. */
  get outputs(): readonly Path[] {
    return this.#table.of(this.#record).map((b) => b.output);
  }

  cellAt(path: Path): Cell | undefined {
    const text = this.#reader.get('cells', cellKey(this.component, path));
    return text === undefined ? undefined : parseCell(text);
  }

  hasElement(path: Path): boolean {
    return this.#reader.get('cells', elementKey(this.component, path)) !== undefined;
  }

  declared(path: Path): Declared {
    return readDeclared(this.#reader, this.component, path);
  }

  resource(): ResourceRecord | undefined {
    return reportedOf(this.#reader, this.component);
  }

  blob(hash: Hash): string {
    return this.#reader.blob(hash);
  }
}
