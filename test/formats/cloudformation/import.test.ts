import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { planImport } from '../../../src/formats/cloudformation/import.ts';
import { annotationsOf } from '../../../src/formats/cloudformation/model.ts';
import { component, describedSpec, domainOf, planOf, roundTrip } from './planning.ts';

const net = { Type: 'T::Net', Properties: { Cidr: '10.0.0.0/16' } };

/** The domain of a box with these properties beside a net, parameters, conditions and a mapping. */
function box(properties: JsonObject, more: JsonObject = {}) {
  const plan = roundTrip(
    {
      Parameters: {
        P: { Type: 'String', Default: '80' },
        N: { Type: 'Number', Default: 5 },
        L: { Type: 'CommaDelimitedList', Default: 'a,b' },
      },
      Mappings: { M: { a: { b: 'c' } } },
      Conditions: {
        C: { 'Fn::Equals': [{ Ref: 'P' }, '80'] },
        D: { Condition: 'C' },
        E: { 'Fn::Not': [{ Condition: 'D' }] },
      },
      Resources: { Net: net, Box: { Type: 'T::Box', Properties: properties }, ...more },
    },
    describedSpec,
  );
  return {
    plan,
    domain: domainOf(plan, 'Box'),
    id: (name: string) => component(plan, name).id,
    note: annotationsOf(component(plan, 'Box')),
  };
}

describe('references', () => {
  test('a whole value is a plain subscription', () => {
    const { plan, domain, id } = box({
      Net: { Ref: 'Net' },
      Port: { 'Fn::GetAtt': ['Net', 'Endpoint.Port'] },
      Env: { A: { Ref: 'AWS::Region' }, B: { Ref: 'P' } },
    });
    const pseudo = component(plan, 'Stack pseudo parameters').id;
    expect(domain).toEqual({
      Net: { $source: { component: id('Net'), path: '/si/resourceId' } },
      Port: { $source: { component: id('Net'), path: '/resource_value/Endpoint/Port' } },
      Env: {
        A: { $source: { component: pseudo, path: '/domain/Region' } },
        B: { $source: { component: id('P'), path: '/domain/Value' } },
      },
    });
    expect(plan.report).toMatchObject({ resources: 2, parameters: 3, subscriptions: 4, unrepresented: [] });
  });

  test('kinds that differ are converted, and still count as subscriptions', () => {
    const { plan, domain } = box({
      Port: { Ref: 'P' },
      On: { Ref: 'P' },
      Net: { 'Fn::GetAtt': ['Net', 'Count'] },
      Ids: { Ref: 'Net' },
      Ratio: { 'Fn::GetAtt': ['Net', 'Count'] },
    });
    const calls = Object.fromEntries(
      Object.entries(domain).map(([k, v]) => [k, ((v as JsonObject)['$source'] as JsonObject)['call']]),
    );
    expect(calls).toEqual({ Port: 'toInteger', On: 'toBoolean', Net: 'toText', Ids: 'identity', Ratio: undefined });
    expect(plan.report.subscriptions).toBe(5);
    expect(plan.report.functionSubscriptions).toBe(3);
  });

  test('attributes: of the domain where the type reports none, in every spelling', () => {
    const { domain, id, plan } = box({
      Net: { 'Fn::GetAtt': 'Net.Cidr' },
      Env: { A: { 'Fn::GetAtt': ['Net', 'Endpoint', 'Address'] }, B: { 'Fn::GetAtt': ['Net', 'Nope'] } },
    });
    expect(domain['Net']).toEqual({ $source: { component: id('Net'), path: '/domain/Cidr' } });
    expect((domain['Env'] as JsonObject)['A']).toEqual({
      $source: { component: id('Net'), path: '/resource_value/Endpoint/Address' },
    });
    expect(plan.report.unrepresented).toEqual([
      { path: '/Resources/Box/Properties/Env/B', reason: expect.stringContaining('no such attribute') },
    ]);
  });

  test('no value, lookups, conditions', () => {
    const { domain, id, plan } = box({
      Net: { 'Fn::If': ['C', { Ref: 'Net' }, { Ref: 'AWS::NoValue' }] },
      Env: { A: { 'Fn::FindInMap': ['M', 'a', 'b'] }, B: { Ref: 'AWS::NoValue' } },
      Port: { 'Fn::FindInMap': [{ Ref: 'P' }, { Ref: 'AWS::Region' }, 'b', { DefaultValue: '5' }] },
    });
    const condition = { $source: { component: id('C'), path: '/domain/Result' } };
    expect(domain['Net']).toEqual({
      $source: {
        call: 'if',
        args: [
          condition,
          { $source: { component: id('Net'), path: '/si/resourceId' } },
          { $source: { call: 'noValue', args: [] } },
        ],
      },
    });
    expect((domain['Env'] as JsonObject)['A']).toEqual({
      $source: {
        call: 'findInMap',
        args: [{ $source: { component: plan.template, path: '/domain/Mappings/M' } }, 'a', 'b'],
      },
    });
    expect(JSON.stringify(domain['Port'])).toContain('"call":"toInteger"');
    expect(plan.report.functionSubscriptions).toBe(2 + 2 + 3);
    expect(domainOf(plan, 'D')).toEqual({ Result: condition });
  });

  test('text building: every occurrence counts', () => {
    const { domain, plan } = box({
      Net: { 'Fn::Sub': ['${Net}-${Net.Arn}-${X}-${!Literal}-${ P }-${AWS::NoValue}', { X: { Ref: 'N' }, Unused: 1 }] },
      Env: {
        A: { 'Fn::Join': [',', { Ref: 'L' }] },
        B: { 'Fn::Join': ['', ['a', { Ref: 'P' }]] },
        C: { 'Fn::Sub': 'plain' },
        D: { 'Fn::Sub': ['${A}', { A: 1 }] },
      },
    });
    expect(plan.report.functionSubscriptions).toBe(3 + 4 + 2);
    expect((domain['Env'] as JsonObject)['C']).toEqual({ $source: { call: 'sub', args: ['plain'] } });
  });

  test('a property of kind json holds text: a document is printed, live parts included, and comes back as a document', () => {
    const { domain, plan, id } = box({ Doc: { A: [{ Ref: 'Net' }, 1], B: 'x' } });
    const inner = {
      $source: { call: 'array', args: [{ $source: { component: id('Net'), path: '/si/resourceId' } }, 1] },
    };
    const built = { $source: { call: 'object', args: ['A', inner, 'B', 'x'] } };
    expect(domain['Doc']).toEqual({ $source: { call: 'toJson', args: [built] } });
    expect(plan.report.subscriptions).toBe(1);
    expect(box({ Doc: { A: 1 } }).domain['Doc']).toBe('{\n  "A": 1\n}');
    expect(box({ Doc: '{"A": 1}' }).domain['Doc']).toBe('{"A": 1}');
    expect(box({ Doc: { 'Fn::ToJsonString': { a: { Ref: 'P' } } } }).note.spelling).toBeUndefined();
  });

  test('circles are broken and reported', () => {
    const plan = roundTrip({
      Conditions: { A: { Condition: 'B' }, B: { 'Fn::Not': [{ Condition: 'A' }] } },
      Resources: {
        X: { Type: 'T::Open', Properties: { A: { Ref: 'Y' }, Self: { 'Fn::GetAtt': ['X', 'Arn'] } } },
        Y: { Type: 'T::Open', Properties: { A: { 'Fn::Sub': '${X}' } }, DependsOn: 'Y' },
        Z: { Type: 'T::Open', DependsOn: ['X', 'Y'] },
        W: { Type: 'T::Open', DependsOn: 'Z', Properties: { A: { Ref: 'W2' } } },
        W2: { Type: 'T::Open', DependsOn: ['W', 'X'] },
      },
    });
    expect(plan.report.unrepresented.map((u) => u.path).sort()).toEqual([
      '/Conditions/B/Fn::Not/0',
      '/Resources/W2/DependsOn/0',
      '/Resources/X/Properties/Self',
      '/Resources/Y/DependsOn',
      '/Resources/Y/Properties/A',
    ]);
    expect(plan.report.unrepresented[1]!.reason).toBe('circular reference: X -> X');
    expect(plan.report.dependsOn).toBe(4);
  });
});

describe('values that a schema does not take as written', () => {
  test('what converts without loss is converted by a call', () => {
    const { domain, plan } = box({ Port: '80', On: 'true', Net: 5, Ratio: '0.50', Env: { A: true } });
    expect(domain).toEqual({
      Port: { $source: { call: 'toInteger', args: ['80'] } },
      On: { $source: { call: 'toBoolean', args: ['true'] } },
      Net: { $source: { call: 'toText', args: [5] } },
      Ratio: { $source: { call: 'toNumber', args: ['0.50'] } },
      Env: { A: { $source: { call: 'toText', args: [true] } } },
    });
    expect(plan.report.unrepresented).toEqual([]);
  });

  test('the rest is kept in the annotations, live, and reported', () => {
    const { domain, note, plan, id } = box({
      Port: 'eighty',
      Mode: 'c',
      Unknown: { X: { Ref: 'Net' } },
      Made: 'x',
      Inner: { Deep: { X: 11, Y: { Ref: 'P' } }, Z: null },
      Ids: ['a', { b: 1 }],
      Env: 'text',
      Net: null,
    });
    expect(domain).toEqual({ Inner: { Deep: {} } });
    expect(note.properties).toMatchObject({
      Unknown: { X: { $source: { component: id('Net'), path: '/si/resourceId' } } },
      Inner: { Deep: { X: 11, Y: { $source: { component: id('P'), path: '/domain/Value' } } }, Z: null },
      Ids: ['a', { b: 1 }],
    });
    expect(plan.report.unrepresented.map((u) => u.path.replace('/Resources/Box/Properties', ''))).toEqual([
      '/Port',
      '/Mode',
      '/Unknown',
      '/Made',
      '/Inner/Deep/X',
      '/Inner/Deep/Y',
      '/Inner/Z',
      '/Ids/1',
      '/Env',
      '/Net',
    ]);
    expect(plan.report.subscriptions).toBe(2);
  });

  test('names that no path can have are kept as text', () => {
    const bad = 'a\u0001b';
    const template: Json = {
      Metadata: { [bad]: 1 },
      Mappings: { [bad]: { a: { b: 1 } } },
      Other: { [bad]: 1 },
      Conditions: { [bad]: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        [bad]: {
          Type: 'T::Open',
          Properties: { [bad]: { Ref: 'P' }, Ok: [{ [bad]: 1 }], Deep: { In: { [bad]: 1 } } },
          Metadata: { [bad]: 1 },
          [bad]: 1,
        },
        Two: {
          Type: 'T::Open',
          Properties: { ['k'.repeat(3000)]: 1, A: { $source: { component: 'x' } }, '@at': { '': 1, '~/': 2 } },
        },
      },
    };
    const plan = roundTrip(template);
    expect(plan.report.unrepresented.length).toBeGreaterThanOrEqual(6);
    expect(component(plan, 'a b').name).toBe('a b');
  });
});

describe('resource attributes', () => {
  test('policies, order, conditions, what is unknown', () => {
    const plan = roundTrip({
      Conditions: { C: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        A: {
          Type: 'T::Open',
          DeletionPolicy: 'Retain',
          UpdateReplacePolicy: 'Delete',
          DependsOn: ['B', 'C2', 'B'],
          Condition: 'C',
        },
        B: { Type: 'T::Open', DeletionPolicy: 'Snapshot', Properties: {}, UpdatePolicy: { X: { Ref: 'C2' } } },
        C2: { Type: 'T::Open', DeletionPolicy: 'RetainExceptOnCreate', DependsOn: [], Metadata: { A: 1 } },
        D: { Type: 'T::Open', DeletionPolicy: 'Delete', DependsOn: 'A', Condition: 'Nope', Odd: [1] },
        E: { Type: 'T::Open', DeletionPolicy: { 'Fn::If': ['C', 'Retain', 'Delete'] }, DependsOn: { Ref: 'A' } },
        F: { Properties: null },
        G: { Type: 5 },
        H: { Type: { Ref: 'A' }, Properties: { 'Fn::Transform': { Name: 'x' } } },
        I: null,
        'Fn::ForEach::Loop': ['x', ['a'], {}],
      },
    });
    expect(component(plan, 'A').flags).toEqual(['retain']);
    expect(component(plan, 'B').flags).toEqual(['protect']);
    expect(component(plan, 'C2').flags).toEqual(['retain']);
    expect(component(plan, 'D').flags).toEqual([]);
    expect(component(plan, 'A').enabled).toEqual({
      $source: { component: component(plan, 'C').id, path: '/domain/Result' },
    });
    expect(component(plan, 'A').dependsOn).toEqual([component(plan, 'B').id, component(plan, 'C2').id]);
    expect(plan.report).toMatchObject({ resources: 8, dependsOn: 3 });
    expect(plan.report.unrepresented.map((u) => u.path)).toEqual(
      expect.arrayContaining([
        '/Resources/D/Condition',
        '/Resources/G/Type',
        '/Resources/I',
        '/Resources/Fn::ForEach::Loop',
      ]),
    );
  });
});

describe('templates of kinds seen in the wild round-trip', () => {
  const open = (properties: JsonObject): JsonObject => ({ Type: 'T::Open', Properties: properties });
  const conditions = { C: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] } };
  const P = { Type: 'String' };
  const wild: Record<string, { template: JsonObject; dead?: string[] }> = {
    'Fn::If around sub-objects and inside lists': {
      template: {
        Conditions: conditions,
        Resources: {
          A: open({
            Rules: [
              {
                'Fn::If': [
                  'C',
                  { Port: 80, From: { 'Fn::If': ['C', { Ref: 'AWS::AccountId' }, 'x'] } },
                  { Ref: 'AWS::NoValue' },
                ],
              },
              { Port: 1 },
            ],
            Nested: { 'Fn::If': ['C', [{ Ref: 'AWS::NoValue' }, []], {}] },
          }),
        },
      },
    },
    'computed attribute name': {
      template: {
        Parameters: { P },
        Resources: { A: open({}), B: open({ X: { 'Fn::GetAtt': ['A', { Ref: 'P' }] } }) },
      },
      dead: ['/Resources/B/Properties/X'],
    },
    'conditions of conditions': {
      template: {
        Conditions: {
          ...conditions,
          D: { 'Fn::And': [{ Condition: 'C' }, { 'Fn::Or': [{ Condition: 'C' }, { 'Fn::Equals': ['a', 'a'] }] }] },
          E: { 'Fn::Not': [{ Condition: 'Missing' }] },
        },
        Resources: {},
        Outputs: {
          O: { Value: 'x', Condition: 'D', Export: { Name: { 'Fn::Sub': '${AWS::StackName}-x' } } },
          O2: { Condition: 'Nope' },
        },
      },
      dead: ['/Conditions/E/Fn::Not/0', '/Outputs/O2/Condition'],
    },
    'nested lookups with defaults': {
      template: {
        Transform: 'AWS::LanguageExtensions',
        Parameters: { P },
        Mappings: { M: { 'us-east-1': { a: [1, 2], 'x/y': 'z' } } },
        Resources: {
          A: open({
            A: {
              'Fn::FindInMap': [
                'M',
                { Ref: 'AWS::Region' },
                { 'Fn::FindInMap': ['M', { Ref: 'P' }, 'a'] },
                { DefaultValue: { Ref: 'P' } },
              ],
            },
            B: { 'Fn::FindInMap': ['Missing', 'a', 'b'] },
            C: { 'Fn::FindInMap': ['M', 'a'] },
            D: { 'Fn::Length': { Ref: 'P' } },
            E: { 'Fn::ToJsonString': { a: { Ref: 'P' } } },
          }),
        },
      },
      dead: ['/Resources/A/Properties/B', '/Resources/A/Properties/C'],
    },
    'zones and address blocks inside a selection': {
      template: {
        Resources: {
          Vpc: open({}),
          A: open({
            Az: { 'Fn::Select': ['0', { 'Fn::GetAZs': '' }] },
            Az2: { 'Fn::Select': [1, { 'Fn::GetAZs': { Ref: 'AWS::Region' } }] },
            Az3: { 'Fn::GetAZs': null },
            Cidr: { 'Fn::Select': [0, { 'Fn::Cidr': [{ 'Fn::GetAtt': ['Vpc', 'CidrBlock'] }, 4, '8'] }] },
            Cidr2: { 'Fn::Cidr': ['10.0.0.0/16', '4'] },
          }),
        },
      },
    },
    'imports with text building': {
      template: {
        Parameters: { P },
        Resources: {
          A: open({
            X: { 'Fn::ImportValue': { 'Fn::Sub': '${P}-Vpc' } },
            Y: { 'Fn::Split': [',', { 'Fn::ImportValue': 'x' }] },
          }),
        },
      },
    },
    'joins over lists that are not written out': {
      template: {
        Parameters: { L: { Type: 'List<String>' } },
        Resources: {
          A: open({
            A: { 'Fn::Join': ['-', { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] },
            B: { 'Fn::Join': ['', { Ref: 'L' }] },
            C: { 'Fn::Join': [{ Ref: 'AWS::Region' }, []] },
            D: {
              'Fn::Base64': {
                'Fn::Join': ['\n', ['#!/bin/sh', { 'Fn::Sub': 'echo ${AWS::Region} ${!HOME} $HOME ${' }]],
              },
            },
          }),
        },
      },
    },
    'text, nulls, empty containers, data that looks like a function': {
      template: {
        Description: 'zażółć 😀\nmore',
        Resources: {
          A: open({
            N: null,
            E: {},
            L: [[], {}, null, [[1]]],
            Two: { Ref: 'A', Other: 1 },
            Fn: { 'Fn::Unknown': [{ Ref: 'AWS::Region' }] },
            Text: '${NotSub}',
            Cond: { Condition: 'C' },
            RefNumber: { Ref: 5 },
            GetAtt: { 'Fn::GetAtt': [] },
            Beside: { 'Fn::Transform': {}, X: 1 },
          }),
        },
      },
      dead: [
        '/Resources/A/Properties/Fn',
        '/Resources/A/Properties/RefNumber',
        '/Resources/A/Properties/GetAtt',
        '/Resources/A/Properties/Beside/Fn::Transform',
      ],
    },
    'tags with computed names and values': {
      template: {
        Parameters: { P },
        Resources: { A: open({ Tags: [{ Key: { Ref: 'P' }, Value: { 'Fn::Sub': ['${x}', { x: { Ref: 'P' } }] } }] }) },
      },
    },
    'custom resources, modules, stack sets, nested stacks': {
      template: {
        Resources: {
          C: { Type: 'Custom::Thing', Properties: { ServiceToken: 'arn', Any: [{ Ref: 'M' }] } },
          D: {
            Type: 'AWS::CloudFormation::CustomResource',
            Version: '1.0',
            Properties: { ServiceToken: { 'Fn::GetAtt': ['C', 'Any.Thing'] } },
          },
          M: { Type: 'My::Test::Sample::MODULE', Properties: {} },
          N: open({ X: { 'Fn::GetAtt': ['M', 'Bucket.Arn'] }, Y: { 'Fn::GetAtt': 'M.Bucket.Arn' } }),
          S: { Type: 'AWS::CloudFormation::StackSet', Properties: { TemplateBody: 'Resources: {}' } },
          T: {
            Type: 'AWS::CloudFormation::Stack',
            Properties: { Parameters: { A: { 'Fn::GetAtt': ['S', 'Outputs.X'] } } },
          },
        },
      },
    },
    'loops and macros': {
      template: {
        Transform: ['AWS::LanguageExtensions', { Name: 'AWS::Include', Parameters: { Location: 's3' } }],
        'Fn::Transform': { Name: 'X' },
        Resources: {
          'Fn::ForEach::T': ['V', [1], { 'R${V}': { Type: 'X' } }],
          'Fn::Transform': {},
          A: open({ 'Fn::ForEach::P': [], X: { 'Fn::Transform': { Name: 'y', Parameters: { A: { Ref: 'A' } } } } }),
        },
        Outputs: { 'Fn::ForEach::O': [] },
      },
      dead: [
        '/Resources/Fn::ForEach::T',
        '/Resources/Fn::Transform',
        '/Resources/A/Properties/Fn::ForEach::P',
        '/Resources/A/Properties/X',
        '/Outputs/Fn::ForEach::O',
      ],
    },
    'serverless with what the transform adds': {
      template: {
        Transform: 'AWS::Serverless-2016-10-31',
        Globals: { Function: { Timeout: 3 } },
        Resources: {
          F: { Type: 'AWS::Serverless::Function', Properties: { Handler: 'x' } },
          A: open({
            X: { 'Fn::GetAtt': ['FRole', 'Arn'] },
            Y: { Ref: 'F.Version' },
            Z: { 'Fn::GetAtt': ['F', 'Arn'] },
          }),
        },
      },
      dead: ['/Resources/A/Properties/X', '/Resources/A/Properties/Y'],
    },
    'conditions written in place': {
      template: {
        Conditions: conditions,
        Resources: {
          A: open({
            X: { 'Fn::If': [{ 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'a'] }, 1, 2] },
            Y: { 'Fn::If': [{ Condition: 'C' }, 1, 2] },
            Z: { 'Fn::If': ['Nope', 1, 2] },
          }),
        },
      },
      dead: ['/Resources/A/Properties/Z'],
    },
    'sections of the wrong kind': {
      template: {
        Parameters: null,
        Conditions: [],
        Resources: {},
        Outputs: 'x',
        Mappings: 5,
        Rules: { R: { Assertions: [{ Assert: { 'Fn::Contains': [['a'], { Ref: 'P' }] } }] } },
        Hooks: {},
        Extra: null,
      },
      dead: ['/Parameters', '/Conditions', '/Outputs'],
    },
    'names that objects have by themselves': {
      template: {
        Resources: {
          constructor: open({ X: { Ref: 'toString' } }),
          toString: open(JSON.parse('{"__proto__": {"a": 1}, "hasOwnProperty": 1}') as JsonObject),
          __proto: open({}),
        },
      },
    },
    'parameters with everything': {
      template: {
        Parameters: {
          P: {
            Type: 'String',
            Default: '',
            NoEcho: 'true',
            AllowedValues: ['', 1, true],
            MinLength: '0',
            Value: 'x',
            Odd: { a: 1 },
          },
          Q: {},
          R: null,
        },
        Resources: { A: open({ X: { Ref: 'P' } }) },
      },
      dead: ['/Parameters/P/Value', '/Parameters/P/Odd', '/Parameters/R'],
    },
  };
  test.each(Object.entries(wild))('%s', (_name, { template, dead }) => {
    for (const specOf of [undefined, describedSpec]) {
      const plan = roundTrip(template, specOf);
      expect(plan.report.unrepresented.map((u) => u.path).sort()).toEqual([...(dead ?? [])].sort());
    }
  });

  test('what is no template is refused', () => {
    for (const template of [null, 5, 'x', [], [1]]) {
      const plan = planImport({ template, name: 'x', specOf: () => undefined, newId: () => 'x' as never });
      expect(plan.ok ? '' : plan.refusal.code).toBe('request_malformed');
    }
    const lone = planImport({
      template: { A: '\ud800' },
      name: 'x',
      specOf: () => undefined,
      newId: () => 'x' as never,
    });
    expect(lone.ok ? '' : lone.refusal.code).toBe('value_not_storable');
  });

  test('the same template gives the same plan', () => {
    const { template } = wild['conditions of conditions']!;
    expect(planOf(template)).toEqual(planOf(template));
  });
});
