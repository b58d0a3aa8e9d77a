// Which schema each resource type has, looked up once a type, and which schemas an import has to bring along: builtin
// ones and those that the format made or opened; types used exactly as described are installed by whoever described them.

import type { Json } from '../../base/json.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { NeededSchema, TemplateComponent } from './model.ts';
import { builtinSpecs, specFor, templateCategory, templateSchemas } from './schemas.ts';

const nameCharsMax = 200;

/** The schemas of resource types, each looked up once. */
export class ResourceSchemas {
  readonly described = new Set<string>();
  private readonly specOf: (type: string) => VariantSpec | undefined;
  private readonly specs = new Map<string, VariantSpec>();
  private readonly own = new Set<string>();

  constructor(specOf: (type: string) => VariantSpec | undefined) {
    this.specOf = specOf;
  }

  /** The schema name and document for a type as written; a type that is no usable name has the untyped schema. */
  of(type: Json | undefined): { schema: string; spec: VariantSpec } {
    const usable =
      typeof type === 'string' &&
      /^[A-Za-z0-9@$_.-]+(::[A-Za-z0-9@$_.-]+)*$/.test(type) &&
      type.length <= nameCharsMax &&
      type !== templateSchemas.untyped &&
      !Object.hasOwn(builtinSpecs, type);
    const schema = usable ? type : templateSchemas.untyped;
    let spec = this.specs.get(schema);
    if (spec === undefined) {
      const described = usable ? this.specOf(schema) : undefined;
      spec = specFor(schema, described);
      this.specs.set(schema, spec);
      (spec === described ? this.described : this.own).add(schema);
    }
    return { schema, spec };
  }

  install(components: readonly TemplateComponent[]): NeededSchema[] {
    const used = new Set(components.map((c) => c.schema));
    const builtin = Object.entries(builtinSpecs).filter(([name]) => used.has(name));
    return [
      ...builtin.map(([name, spec]) => ({ name, category: templateCategory, origin: 'builtin', spec })),
      ...[...this.own].map((name) => ({
        name,
        category: name.includes('::') ? name.split('::').slice(0, -1).join('::') : templateCategory,
        origin: 'user',
        spec: this.specs.get(name)!,
      })),
    ];
  }
}
