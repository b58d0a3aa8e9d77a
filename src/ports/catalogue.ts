// A catalogue of schemas that can be installed: found by name or search without loading the others. Answers come at once;
// what `load` gives is immutable.

import type { VariantSpec } from '../model/schema.ts';

export interface CatalogueEntry {
  /** The type's name, such as `AWS::EC2::VPC`. */
  readonly name: string;
  readonly category: string;
  /** One sentence. */
  readonly summary: string;
}

export interface Catalogue {
  /** Which catalogue, as in SchemaRecord.origin (`aws`). */
  readonly origin: string;
  /** Name and version of the data it was derived from. */
  readonly source: string;
  /** Entries whose name or summary contains every word of `query` (case ignored), best first: exact name, name, summary. */
  search(query: string, limit: number): readonly CatalogueEntry[];
  entry(name: string): CatalogueEntry | undefined;
  /** The variant document of one type; reads that one only. */
  load(name: string): VariantSpec | undefined;
  readonly size: number;
}
