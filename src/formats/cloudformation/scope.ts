// What the names of a template mean: which component a reference leads to, at which path, of which kind. Also keeps the
// order of use between components, so that a reference that would close a circle is refused as the service refuses it.

import type { ComponentId } from '../../base/ids.ts';
import { isPathKey, pointerOf } from '../../model/path.ts';
import { locate, type VariantSpec } from '../../model/schema.ts';
import type { Input } from '../../mutation/request.ts';
import { follow, type Kind, kind, referencePath } from './model.ts';
import { pseudoParameters } from './schemas.ts';

export interface Resolved {
  readonly input: Input;
  readonly component: ComponentId;
  readonly kind: Kind;
}

/** Why a name leads nowhere. */
export interface Unresolved {
  readonly reason: string;
}

export function isResolved(x: Resolved | Unresolved): x is Resolved {
  return 'input' in x;
}

function parameterKind(type: unknown): Kind {
  if (typeof type !== 'string') return kind({ kind: 'any' });
  const inner = /^AWS::SSM::Parameter::Value<(.*)>$/.exec(type)?.[1] ?? type;
  if (inner === 'CommaDelimitedList' || inner.startsWith('List<'))
    return kind({ kind: 'array', items: { kind: 'string' } });
  return kind({ kind: inner === 'Number' ? 'number' : 'string' });
}

export class Scope {
  readonly template: ComponentId;
  readonly pseudo: ComponentId;
  /** Does it import what other stacks export? */
  importsValues = false;
  private readonly imported: ComponentId;
  private readonly resources = new Map<string, { id: ComponentId; spec: VariantSpec }>();
  private readonly parameters = new Map<string, { id: ComponentId; kind: Kind }>();
  private readonly conditions = new Map<string, ComponentId>();
  private readonly mappings: ReadonlySet<string>;
  private readonly names = new Map<ComponentId, string>();
  private readonly uses = new Map<ComponentId, Set<ComponentId>>();

  constructor(
    of: { readonly template: ComponentId; readonly pseudo: ComponentId; readonly imported: ComponentId },
    mappings: readonly string[],
  ) {
    this.template = of.template;
    this.pseudo = of.pseudo;
    this.imported = of.imported;
    this.mappings = new Set(mappings.filter(isPathKey));
  }

  addResource(name: string, id: ComponentId, spec: VariantSpec): void {
    this.resources.set(name, { id, spec });
    this.names.set(id, name);
  }

  addParameter(name: string, id: ComponentId, type: unknown): void {
    this.parameters.set(name, { id, kind: parameterKind(type) });
    this.names.set(id, name);
  }

  addCondition(name: string, id: ComponentId): void {
    this.conditions.set(name, id);
    this.names.set(id, name);
  }

  resourceId(name: string): ComponentId | undefined {
    return this.resources.get(name)?.id;
  }

  /** What `Ref` of a name gives. */
  reference(name: string): Resolved | Unresolved {
    const parameter = this.parameters.get(name);
    if (parameter)
      return { input: follow(parameter.id, '/domain/Value'), component: parameter.id, kind: parameter.kind };
    const resource = this.resources.get(name);
    if (resource)
      return {
        input: follow(resource.id, referencePath(resource.spec.reference)),
        component: resource.id,
        kind: kind({ kind: 'string' }),
      };
    if (name.startsWith('AWS::')) {
      const pseudo = name.slice('AWS::'.length);
      if (pseudoParameters.includes(pseudo)) {
        const list = pseudo === 'NotificationARNs';
        return {
          input: follow(this.pseudo, `/domain/${pseudo}`),
          component: this.pseudo,
          kind: kind(list ? { kind: 'array', items: { kind: 'string' } } : { kind: 'string' }),
        };
      }
    }
    return { reason: `${JSON.stringify(name)} is neither a parameter nor a resource of the template` };
  }

  /**
   * What an attribute of a resource gives, both written with a dot between. The resource is the longest leading part
   * that is one.
   */
  attribute(dotted: string): Resolved | Unresolved {
    const parts = dotted.split('.');
    for (let length = parts.length - 1; length >= 1; length--) {
      const resource = this.resources.get(parts.slice(0, length).join('.'));
      if (resource === undefined) continue;
      return this.attributeOf(resource.id, resource.spec, parts.slice(length), dotted);
    }
    return { reason: `${JSON.stringify(dotted)} names no resource of the template` };
  }

  private attributeOf(
    id: ComponentId,
    spec: VariantSpec,
    steps: readonly string[],
    dotted: string,
  ): Resolved | Unresolved {
    if (steps.some((step) => step === '' || !isPathKey(step)))
      return { reason: `${JSON.stringify(dotted)} is no attribute name` };
    const open = spec.resourceValue.kind === 'map';
    for (const root of open ? ['resource_value'] : ['resource_value', 'domain']) {
      for (const path of steps.length > 1 ? [steps, [steps.join('.')]] : [steps]) {
        const found = locate(
          spec,
          [root, ...path].map((key) => ({ key })),
        );
        if (found === undefined || found.secret) continue;
        return {
          input: follow(id, pointerOf([root, ...path])),
          component: id,
          kind: { property: found.property, definitions: spec.definitions },
        };
      }
    }
    return { reason: `the type of ${JSON.stringify(dotted)} has no such attribute` };
  }

  condition(name: string): Resolved | Unresolved {
    const id = this.conditions.get(name);
    if (id === undefined) return { reason: `${JSON.stringify(name)} is no condition of the template` };
    return { input: follow(id, '/domain/Result'), component: id, kind: kind({ kind: 'boolean' }) };
  }

  /** The tree of one mapping. */
  mapping(name: string): Input | undefined {
    return this.mappings.has(name) ? follow(this.template, pointerOf(['domain', 'Mappings', name])) : undefined;
  }

  allMappings(): Input {
    return follow(this.template, '/domain/Mappings');
  }

  region(): Input {
    return follow(this.pseudo, '/domain/Region');
  }

  /** What is known of what other stacks export, by its names. */
  importedValues(): Input {
    this.importsValues = true;
    return follow(this.imported, '/domain/Values');
  }

  /** Notes that `user` needs `used`; answers the circle that this would close instead of noting it. */
  use(user: ComponentId, used: ComponentId): string | undefined {
    const known = this.uses.get(user);
    if (known?.has(used)) return undefined;
    const circle = this.route(used, user);
    if (circle) return [this.names.get(user), ...circle.map((id) => this.names.get(id))].join(' -> ');
    if (known) known.add(used);
    else this.uses.set(user, new Set([used]));
    return undefined;
  }

  /** The components from `from` to `to` along what each uses; undefined when there is no way. */
  private route(from: ComponentId, to: ComponentId): ComponentId[] | undefined {
    const cameFrom = new Map<ComponentId, ComponentId | undefined>([[from, undefined]]);
    const queue = [from];
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (at === to) {
        const out: ComponentId[] = [];
        for (let step: ComponentId | undefined = at; step !== undefined; step = cameFrom.get(step)) out.unshift(step);
        return out;
      }
      for (const next of this.uses.get(at) ?? []) {
        if (cameFrom.has(next)) continue;
        cameFrom.set(next, at);
        queue.push(next);
      }
    }
    return undefined;
  }
}
