import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { exportTemplate, exportWithNotes } from '../../../src/formats/cloudformation/export.ts';
import type { TemplateComponent, TemplateModel } from '../../../src/formats/cloudformation/model.ts';
import { requestsOf } from '../../../src/formats/cloudformation/requests.ts';
import { component, planOf } from './planning.ts';

const base: JsonObject = {
  Parameters: { P: { Type: 'String', Default: 'x' } },
  Conditions: { C: { 'Fn::Equals': [{ Ref: 'P' }, 'x'] } },
  Resources: {
    Net: { Type: 'T::Open', Properties: { Cidr: '10.0.0.0/16' } },
    Box: {
      Type: 'T::Open',
      DependsOn: ['Net', 'Ghost'],
      Condition: 'C',
      DeletionPolicy: 'Retain',
      Properties: {
        Net: { Ref: 'Net' },
        Text: { 'Fn::Sub': '${Net}/${P}' },
        List: [{ Ref: 'Net' }, 1],
        Two: { 'Fn::GetAtt': 'Net.Arn' },
      },
    },
  },
};

function edit(
  model: TemplateModel,
  name: string,
  change: (c: TemplateComponent) => Partial<TemplateComponent>,
): TemplateModel {
  return { ...model, components: model.components.map((c) => (c.name === name ? { ...c, ...change(c) } : c)) };
}

function resources(model: TemplateModel): Record<string, JsonObject> {
  return must(exportTemplate(model))['Resources'] as Record<string, JsonObject>;
}

const follow = (id: string, path: string): Json => ({ $source: { component: id, path } });

describe('exporting after edits', () => {
  const plan = planOf(base);
  const id = (name: string) => component(plan, name).id;

  test('a value changed, one linked by hand, one switched off by hand', () => {
    const edited = edit(plan, 'Net', (c) => ({
      domain: {
        ...(c.domain as JsonObject),
        Cidr: follow(id('Box'), '/resource_value/Block/Cidr'),
        New: { $source: { call: 'concat', args: ['a-', follow(id('P'), '/domain/Value'), '${x}'] } },
      },
      enabled: false,
    }));
    const out = must(exportTemplate(edited));
    expect((out['Resources'] as JsonObject)['Net']).toEqual({
      Type: 'T::Open',
      Condition: 'NetEnabled',
      Properties: { Cidr: { 'Fn::GetAtt': ['Box', 'Block.Cidr'] }, New: { 'Fn::Sub': 'a-${P}${!x}' } },
    });
    expect((out['Conditions'] as JsonObject)['NetEnabled']).toEqual({ 'Fn::Equals': ['enabled', 'disabled'] });
  });

  test('a resource gone: what followed it is left out and noted, ordering on it goes, names that never were stay', () => {
    const without: TemplateModel = { ...plan, components: plan.components.filter((c) => c.name !== 'Net') };
    const gone = edit(without, 'Box', () => ({ dependsOn: [] }));
    const { template, notes } = must(exportWithNotes(gone));
    expect((template['Resources'] as JsonObject)['Box']).toEqual({
      Type: 'T::Open',
      DependsOn: ['Ghost'],
      Condition: 'C',
      DeletionPolicy: 'Retain',
      Properties: { Text: { 'Fn::Sub': '/${P}' }, List: [1] },
    });
    expect(notes.map((n) => n.path)).toEqual(
      expect.arrayContaining(['/Resources/Box/Properties/Net', '/Resources/Box/Properties/List/0']),
    );
    expect(notes[0]!.reason).toContain('not in the template');
  });

  test('flags changed, a dependency added', () => {
    expect(resources(edit(plan, 'Box', () => ({ flags: [] })))['Box']!['DeletionPolicy']).toBeUndefined();
    expect(resources(edit(plan, 'Box', () => ({ flags: ['protect'] })))['Box']!['DeletionPolicy']).toBe('Snapshot');
    expect(resources(edit(plan, 'Net', () => ({ flags: ['retain'] })))['Net']!['DeletionPolicy']).toBe('Retain');
    expect(resources(edit(plan, 'Net', () => ({ dependsOn: [id('Box')] })))['Net']!['DependsOn']).toBe('Box');
  });

  test('components added by hand, and a copy, get names of their own', () => {
    const added = (n: number, name: string, more: Partial<TemplateComponent> = {}): TemplateComponent => ({
      id: String(900 + n).padStart(26, '0') as ComponentId,
      schema: 'T::Open',
      name,
      domain: {},
      flags: [],
      dependsOn: [],
      ...more,
    });
    const model: TemplateModel = {
      ...plan,
      components: [
        ...plan.components,
        added(1, 'My new net!', { domain: { Up: follow(id('Net'), '/si/resourceId') } }),
        added(2, 'Net'),
        added(3, '…'),
        { ...component(plan, 'Box'), id: '99'.padStart(26, '0') as ComponentId },
      ],
    };
    const out = resources(model);
    expect(Object.keys(out)).toEqual(['Net', 'Box', 'Mynewnet', 'Net2', 'Resource', 'Box2']);
    expect(out['Mynewnet']).toEqual({ Type: 'T::Open', Properties: { Up: { Ref: 'Net' } } });
  });

  test('a variable that was led elsewhere by hand is renamed in its text', () => {
    const text = {
      $source: {
        call: 'sub',
        args: [
          '${Net}/${P} ${!Net}',
          {
            $source: {
              call: 'object',
              args: ['Net', follow(id('Box'), '/resource_value/Arn'), 'P', follow(id('P'), '/domain/Value')],
            },
          },
        ],
      },
    };
    expect(resources(edit(plan, 'Net', () => ({ domain: { T: text } })))['Net']!['Properties']).toEqual({
      T: { 'Fn::Sub': '${Box.Arn}/${P} ${!Net}' },
    });
  });

  test('a choice by something that is no condition gets a condition; a condition as a value is a choice', () => {
    const domain = {
      A: { $source: { call: 'if', args: [{ $source: { call: 'equals', args: ['a', 'b'] } }, 1, 2] } },
      B: follow(id('C'), '/domain/Result'),
      Gone: { $source: null },
      Odd: { $source: { call: 'coalesce', args: [1] } },
    };
    const { template, notes } = must(exportWithNotes(edit(plan, 'Net', () => ({ domain }))));
    expect((template['Resources'] as Record<string, JsonObject>)['Net']!['Properties']).toEqual({
      A: { 'Fn::If': ['NetChoice1', 1, 2] },
      B: { 'Fn::If': ['C', true, false] },
    });
    expect((template['Conditions'] as JsonObject)['NetChoice1']).toEqual({ 'Fn::Equals': ['a', 'b'] });
    expect(notes).toEqual([
      { path: '/Resources/Net/Properties/Odd', reason: 'the function coalesce has no form in a template' },
    ]);
  });

  test('without the template’s own component it is refused', () => {
    const refused = exportTemplate({ template: plan.template, components: [] });
    expect(refused.ok ? '' : refused.refusal.code).toBe('component_not_found');
  });
});

describe('requests', () => {
  test('a first import creates before it links', () => {
    const plan = planOf(base);
    const kinds = requestsOf(plan).map((r) => r.kind);
    const firstSet = kinds.indexOf('attribute.set');
    expect(kinds.slice(0, firstSet).every((k) => k === 'schema.install' || k === 'component.create')).toBe(true);
    expect(kinds.filter((k) => k === 'component.create')).toHaveLength(plan.components.length);
    expect(kinds.filter((k) => k === 'component.manage')).toHaveLength(plan.components.length - 1);
    expect(kinds.filter((k) => k === 'depends_on.add')).toHaveLength(1);
    expect(kinds.filter((k) => k === 'component.retain')).toHaveLength(1);
  });

  test('importing again changes what differs and no more', () => {
    const plan = planOf(base);
    expect(requestsOf(planOf(base, { existing: plan }), plan)).toEqual([]);
    const changed = JSON.parse(JSON.stringify(base)) as { Resources: { Net: { Properties: JsonObject } } };
    changed.Resources.Net.Properties = { Cidr: '10.1.0.0/16' };
    expect(requestsOf(planOf(changed as unknown as Json, { existing: plan }), plan)).toEqual([
      { kind: 'attribute.set', component: component(plan, 'Net').id, path: '/domain/Cidr', value: '10.1.0.0/16' },
    ]);
  });

  test('a member that left the template is deleted, also a protected one; another type is another component', () => {
    const plan = planOf({ Resources: { A: { Type: 'T::A', DeletionPolicy: 'Snapshot' }, B: { Type: 'T::A' } } });
    const next = planOf({ Resources: { B: { Type: 'T::B' } } }, { existing: plan });
    const requests = requestsOf(next, plan);
    const [a, b] = [component(plan, 'A').id, component(plan, 'B').id];
    expect(requests).toEqual(
      expect.arrayContaining([
        { kind: 'component.protect', component: a, on: false },
        { kind: 'component.delete', component: a },
        { kind: 'component.delete', component: b },
      ]),
    );
    expect(component(next, 'B').id).not.toBe(b);
  });

  test('what people set stays: a parameter’s value, a pseudo parameter, annotations of their own', () => {
    const plan = planOf(base);
    let edited = edit(plan, 'P', (c) => ({ domain: { ...(c.domain as JsonObject), Value: 'mine' } }));
    edited = edit(edited, 'Stack pseudo parameters', () => ({ domain: { Region: 'eu-west-1' } }));
    edited = edit(edited, 'Net', (c) => ({ metadata: { ...(c.metadata as JsonObject), note: 'x' }, name: 'Renamed' }));
    expect(requestsOf(planOf(base, { existing: edited }), edited)).toEqual([]);
    expect(must(exportTemplate(edited))).toEqual(base);
  });
});
