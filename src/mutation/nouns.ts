// The nouns that are plain records: where each is stored, which index keys it implies, and what must hold for it.
// `record.create`, `record.remove` and `record.set` work on any of them through this table.

import type { ComponentId, SchemaId, VariantId, ViewId } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findLoopThrough } from '../graph/cycle.ts';
import type { OverrideRecord } from '../model/action.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import { findComponent, findRecord, findSchema, nameOf } from '../model/lookup.ts';
import type { ModuleRecord } from '../model/module.ts';
import type { SchemaRecord, VariantRecord } from '../model/schema.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Category, Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import { fieldsOf } from './noun_shape.ts';

export const nounNames = [
  'approvers',
  'binding',
  'depends',
  'flag',
  'function',
  'ignored',
  'manages',
  'module',
  'override',
  'placement',
  'schema',
  'secret',
  'variant',
  'view',
] as const;
export type Noun = (typeof nounNames)[number];

interface NounRules extends Rules {
  /** Fields of the record, see noun_shape.ts. Records with none carry only their presence. */
  readonly fields: readonly string[];
}

interface Rules {
  readonly category: Category;
  /** Index keys that the record under `key` implies. */
  readonly implied: (key: string, record: JsonObject) => readonly string[];
  /** Dependency requirements of the record as it would stand. */
  readonly check: (reader: Reader, key: string, record: JsonObject) => Result<void>;
  /** Dependency requirements for taking it away. */
  readonly checkRemoval: (reader: Reader, key: string) => Result<void>;
  /** For people. */
  readonly title: (reader: Reader, key: string, record: JsonObject | undefined) => string;
}

const fine = (): Result<void> => ok(undefined);
const firstId = (key: string): string => key.slice(0, idLength);
const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
const component = (reader: Reader, id: string): string => {
  const name = nameOf(reader, id as ComponentId);
  return name === '' ? id : JSON.stringify(name);
};
const as = <T>(record: JsonObject): T => record as unknown as T;
const quoted = (record: JsonObject | undefined, key: string): string =>
  typeof record?.['name'] === 'string' ? JSON.stringify(record['name']) : key;

function needsComponents(reader: Reader, ids: readonly string[]): Result<void> {
  for (const id of ids) {
    if (findComponent(reader, id as ComponentId) !== undefined) continue;
    return refuse('component_not_found', {
      path: 'component',
      expected: 'a component of this change set',
      got: id,
      hint: 'search for it; it may be in another change set or erased',
    });
  }
  return ok(undefined);
}

/** An edge between two components that must not close a loop with edges of its kind. */
function edge(part: 'depends' | 'manages'): Rules {
  const implied = part === 'depends' ? index.dependent : index.manager;
  const impliedOf = part === 'depends' ? index.dependentsOf : index.managersOf;
  return {
    category: 'components',
    implied: (key) => [implied(lastPart(key) as ComponentId, firstId(key) as ComponentId)],
    check: (reader, key) => {
      const [from, to] = [firstId(key), lastPart(key)];
      const found = needsComponents(reader, [from, to]);
      if (!found.ok) return found;
      const loop = findLoopThrough(
        { from, to },
        {
          next: function* (id) {
            for (const [k] of reader.scan('components', `${id}/${part}/`)) yield lastPart(k);
          },
          before: function* (id) {
            for (const [k] of reader.scan('index', impliedOf(id as ComponentId))) yield indexUser(k);
          },
        },
      );
      if (loop === undefined) return ok(undefined);
      return refuse('order_cycle', {
        path: part,
        expected: 'edges without a loop',
        got: `the loop ${loop.map((id) => component(reader, id)).join(' -> ')}`,
        hint: 'take one of the edges on the loop away',
        data: { cycle: loop },
      });
    },
    checkRemoval: fine,
    title: (reader, key) =>
      `${component(reader, firstId(key))} ${part === 'depends' ? 'depends on' : 'manages'} ${component(reader, lastPart(key))}`,
  };
}

/** A fact about one component. */
function ofComponent(title: NounRules['title']): Rules {
  return {
    category: 'components',
    implied: () => [],
    check: (reader, key) => needsComponents(reader, [firstId(key)]),
    checkRemoval: fine,
    title,
  };
}

function unusedIn(reader: Reader, prefix: string, what: string, path: string): Result<void> {
  const users: string[] = [];
  for (const [key] of reader.scan('index', prefix)) {
    users.push(indexUser(key));
    if (users.length === 5) break;
  }
  if (users.length === 0) return ok(undefined);
  return refuse('in_use', {
    path,
    expected: `a ${what} that nothing uses`,
    got: `used by ${users.map((u) => component(reader, u.slice(0, idLength))).join(', ')}`,
    hint: 'remove the uses first',
    data: { users },
  });
}

function checkBinding(reader: Reader, record: JsonObject): Result<void> {
  const binding = as<BindingRecord>(record);
  if (reader.get('functions', binding.function) === undefined) {
    return refuse('function_not_found', {
      path: 'function',
      expected: 'a function of this change set',
      got: binding.function,
      hint: 'list the functions',
    });
  }
  const target = binding.target.variant ?? binding.target.schema!;
  const known =
    binding.target.schema !== undefined
      ? reader.get('schemas', binding.target.schema) !== undefined
      : [...reader.scan('index', index.schemasOfVariant(target))].length > 0;
  if (!known) {
    return refuse('schema_not_found', {
      path: 'target',
      expected: 'a schema or variant of this change set',
      got: target,
      hint: 'list the schemas',
    });
  }
  return ok(undefined);
}

const rules: Readonly<Record<Noun, Rules>> = {
  schema: {
    category: 'schemas',
    implied: (key, r) => [index.schemaNamed(as<SchemaRecord>(r).name, key as SchemaId)],
    check: fine,
    checkRemoval: (reader, key) => {
      for (const [k] of reader.scan('schemas', `${key}/`)) {
        return refuse('in_use', {
          path: 'schema',
          expected: 'a schema without variants',
          got: `the variant ${lastPart(k)}`,
          hint: 'remove its variants first',
        });
      }
      return ok(undefined);
    },
    title: (_reader, key, r) => `schema ${quoted(r, key)}`,
  },
  variant: {
    category: 'schemas',
    implied: (key) => [index.schemaOfVariant(lastPart(key), firstId(key))],
    check: (reader, key) => {
      if (findSchema(reader, firstId(key) as SchemaId) === undefined) {
        return refuse('schema_not_found', {
          path: 'schema',
          expected: 'a schema of this change set',
          got: firstId(key),
          hint: 'create the schema first',
        });
      }
      for (const [k] of reader.scan('index', index.schemasOfVariant(lastPart(key)))) {
        if (indexUser(k) === firstId(key)) continue;
        return refuse('already_exists', {
          path: 'variant',
          expected: 'an id that no variant has',
          got: `${lastPart(key)}, a variant of ${findSchema(reader, indexUser(k) as SchemaId)?.name ?? indexUser(k)}`,
          hint: 'leave the id out',
        });
      }
      return ok(undefined);
    },
    checkRemoval: (reader, key) => {
      const record = findRecord<VariantRecord>(reader, 'schemas', key);
      if (record?.locked) {
        return refuse('locked', {
          path: 'variant',
          expected: 'an unlocked variant',
          got: `${record.name}, locked`,
          hint: 'locked variants stay',
        });
      }
      return unusedIn(reader, index.componentsOf(lastPart(key) as VariantId), 'variant', 'variant');
    },
    title: (reader, key, r) =>
      `variant ${quoted(r, key)} of ${findSchema(reader, firstId(key) as SchemaId)?.name ?? firstId(key)}`,
  },
  function: {
    category: 'functions',
    implied: (key, r) => [index.functionNamed(as<FunctionRecord>(r).name, key)],
    check: fine,
    checkRemoval: (reader, key) => {
      const unbound = unusedIn(reader, index.bindingsOf(key), 'function', 'function');
      return unbound.ok ? unusedIn(reader, index.callersOf(key), 'function', 'function') : unbound;
    },
    title: (_reader, key, r) => `function ${quoted(r, key)}`,
  },
  binding: {
    category: 'bindings',
    implied: (key, r) => {
      const b = as<BindingRecord>(r);
      return [index.bindingOf(b.function, key), index.bindingOf(b.target.variant ?? b.target.schema!, key)];
    },
    check: (reader, _key, record) => checkBinding(reader, record),
    checkRemoval: fine,
    title: (reader, key, r) =>
      `binding of ${(r && findRecord<FunctionRecord>(reader, 'functions', as<BindingRecord>(r).function)?.name) ?? key}`,
  },
  view: {
    category: 'views',
    implied: (key, r) => [index.viewNamed(as<ViewRecord>(r).name, key)],
    check: fine,
    checkRemoval: (reader, key) => {
      if (!findRecord<ViewRecord>(reader, 'views', key)?.isDefault) return ok(undefined);
      return refuse('in_use', {
        path: 'view',
        expected: 'a view other than the default one',
        got: 'the default view',
        hint: 'the default view stays',
      });
    },
    title: (_reader, key, r) => `view ${quoted(r, key)}`,
  },
  placement: {
    category: 'views',
    implied: (key) => [index.inView(lastPart(key) as ComponentId, firstId(key) as ViewId)],
    check: (reader, key) => {
      if (reader.get('views', firstId(key)) === undefined) {
        return refuse('view_not_found', {
          path: 'view',
          expected: 'a view of this change set',
          got: firstId(key),
          hint: 'list the views',
        });
      }
      return needsComponents(reader, [lastPart(key)]);
    },
    checkRemoval: fine,
    title: (reader, key) =>
      `${component(reader, lastPart(key))} in view ${quoted(findRecord(reader, 'views', firstId(key)), firstId(key))}`,
  },
  approvers: {
    category: 'views',
    implied: () => [],
    check: (reader, key) => {
      if (reader.get('views', firstId(key)) !== undefined) return ok(undefined);
      return refuse('view_not_found', {
        path: 'view',
        expected: 'a view of this change set',
        got: firstId(key),
        hint: 'list the views',
      });
    },
    checkRemoval: fine,
    title: (reader, key) => `approvers of view ${quoted(findRecord(reader, 'views', firstId(key)), firstId(key))}`,
  },
  secret: {
    category: 'secrets',
    implied: (key, r) => [index.secretNamed(as<SecretRecord>(r).name, key)],
    check: fine,
    checkRemoval: (reader, key) => unusedIn(reader, index.secretUses(key), 'secret', 'secret'),
    title: (_reader, key, r) => `secret ${quoted(r, key)}`,
  },
  override: {
    category: 'overrides',
    implied: () => [],
    check: (reader, key) => needsComponents(reader, [firstId(key)]),
    checkRemoval: fine,
    title: (reader, key, r) =>
      `decision ${r === undefined ? 'about' : `to ${as<OverrideRecord>(r).mode}`} the ${key.split('/')[1]} action of ${component(reader, firstId(key))}`,
  },
  module: {
    category: 'modules',
    implied: () => [],
    check: fine,
    checkRemoval: fine,
    title: (_reader, key, r) =>
      `module ${JSON.stringify(key)}${r === undefined ? '' : ` ${as<ModuleRecord>(r).version}`}`,
  },
  depends: edge('depends'),
  manages: edge('manages'),
  flag: ofComponent((reader, key) => `${lastPart(key)} on ${component(reader, firstId(key))}`),
  ignored: ofComponent(
    (reader, key) => `ignore changes of ${key.slice(key.indexOf('/ignore') + 7)} of ${component(reader, firstId(key))}`,
  ),
};

export const nouns = Object.fromEntries(
  nounNames.map((noun) => [noun, { ...rules[noun], fields: fieldsOf(noun) }]),
) as Readonly<Record<Noun, NounRules>>;

export function recordText(record: JsonObject): string {
  return canonical(record as Json);
}

/** Which noun a key of a category is of. */
export function nounOf(category: Category, key: string): Noun {
  const part = key.slice(idLength);
  switch (category) {
    case 'components':
      return part.startsWith('/flag/')
        ? 'flag'
        : part.startsWith('/ignore/')
          ? 'ignored'
          : part.startsWith('/depends/')
            ? 'depends'
            : 'manages';
    case 'schemas':
      return part === '' ? 'schema' : 'variant';
    case 'views':
      return part === '' ? 'view' : part.startsWith('!') ? 'approvers' : 'placement';
    default:
      return nounNames.find((n) => nouns[n].category === category)!;
  }
}
