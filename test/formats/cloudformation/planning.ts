// What the tests of this folder share: a plan with ids in order, and the round trip that every template must survive.

import { expect } from 'vitest';
import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { exportTemplate } from '../../../src/formats/cloudformation/export.ts';
import { planImport } from '../../../src/formats/cloudformation/import.ts';
import type { ImportPlan, TemplateComponent, TemplateModel } from '../../../src/formats/cloudformation/model.ts';
import { requestsOf } from '../../../src/formats/cloudformation/requests.ts';
import type { Property } from '../../../src/model/property.ts';
import { emptyObject, type VariantSpec } from '../../../src/model/schema.ts';

export type SpecOf = (type: string) => VariantSpec | undefined;

export function planOf(template: Json, options: { specOf?: SpecOf; existing?: TemplateModel } = {}): ImportPlan {
  let n = options.existing?.components.length ?? 0;
  return must(
    planImport({
      template,
      name: 'Stack',
      specOf: options.specOf ?? (() => undefined),
      newId: () => String(n++).padStart(26, '0') as ComponentId,
      ...(options.existing ? { existing: options.existing } : {}),
    }),
  );
}

/** Import, export, compare; import again beside the first, expect nothing to do. */
export function roundTrip(template: Json, specOf?: SpecOf): ImportPlan {
  const plan = planOf(template, specOf ? { specOf } : {});
  expect(must(exportTemplate(plan))).toEqual(template);
  const again = planOf(template, { ...(specOf ? { specOf } : {}), existing: plan });
  expect(requestsOf(again, plan)).toEqual([]);
  return plan;
}

export function component(plan: TemplateModel, name: string): TemplateComponent {
  const found = plan.components.find((c) => c.name === name);
  if (found === undefined) throw new Error(`no component ${name}`);
  return found;
}

export function domainOf(plan: TemplateModel, name: string): JsonObject {
  return component(plan, name).domain as JsonObject;
}

function spec(
  properties: Record<string, Property>,
  attributes: Record<string, Property> = {},
  definitions = {},
): VariantSpec {
  return {
    format: 1,
    domain: { kind: 'object', properties },
    resourceValue: { kind: 'object', properties: attributes },
    secrets: emptyObject,
    definitions,
  };
}

/** A small described world. */
const text: Property = { kind: 'string' };
const described: Record<string, VariantSpec> = {
  'T::Net': spec(
    { Cidr: text, Name: text, Size: { kind: 'integer' }, Tags: { kind: 'array', items: { kind: 'ref', to: 'Tag' } } },
    {
      Arn: text,
      Count: { kind: 'integer' },
      Endpoint: { kind: 'object', properties: { Address: text, Port: { kind: 'integer' } } },
    },
    { Tag: { kind: 'object', properties: { Key: text, Value: text } } },
  ),
  'T::Box': spec({
    Net: text,
    Port: { kind: 'integer' },
    On: { kind: 'boolean' },
    Ratio: { kind: 'number' },
    Mode: { kind: 'string', enum: ['a', 'b'] },
    Ids: { kind: 'array', items: text },
    Doc: { kind: 'json' },
    Env: { kind: 'map', values: text },
    Inner: {
      kind: 'object',
      properties: { Deep: { kind: 'object', properties: { X: { kind: 'integer', maximum: 10 } } } },
    },
    Made: { kind: 'string', readOnly: true },
  }),
};
export const describedSpec: SpecOf = (type) => described[type];
