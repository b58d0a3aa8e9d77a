// Laws over generated input: a template of any content goes in and comes out the same; garbage never throws.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { exportTemplate } from '../../../src/formats/cloudformation/export.ts';
import { planImport } from '../../../src/formats/cloudformation/import.ts';
import { parseTemplate } from '../../../src/formats/cloudformation/parse.ts';
import { printTemplate } from '../../../src/formats/cloudformation/print.ts';
import { requestsOf } from '../../../src/formats/cloudformation/requests.ts';
import { runs } from '../../support/model_world.ts';
import { describedSpec, planOf, roundTrip } from './planning.ts';
import { MemoryState, readTemplate } from './state.ts';

const names = ['A', 'B', 'C', 'P', 'L', 'N', 'Nope', 'AWS::Region', 'AWS::NoValue', 'AWS::StackId'];
const name = fc.constantFrom(...names);
const condition = fc.constantFrom('C1', 'C2', 'Nope');
const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom('', 'a', '80', 'true', '${A}', '${!A}', 80, 1.5, true, null),
  fc.string({ maxLength: 4 }),
);
const key = fc.oneof(
  fc.constantFrom(
    'Net',
    'Port',
    'On',
    'Ids',
    'Doc',
    'Env',
    'Inner',
    'Deep',
    'X',
    'Tags',
    'Key',
    'Value',
    'Ref',
    'Condition',
    '$source',
    '@x',
    '~0/',
    '<<',
  ),
  fc.string({ maxLength: 3 }),
);
const piece = fc.oneof(
  fc.constantFrom('${A}', '${B.Arn}', '${P}', '${!Lit}', '${', '}', '${Own}', '${ A }', '${Nope}', '${AWS::NoValue}'),
  fc.string({ maxLength: 3 }),
);
const subText = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''));

const { value } = fc.letrec<{ value: Json; intrinsic: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('intrinsic'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }) as fc.Arbitrary<Json>,
  ),
  intrinsic: fc.oneof(
    name.map((n) => ({ Ref: n })),
    fc
      .oneof(fc.constantFrom('Arn', 'X.Y', '', 'Cidr', 'Count'), fc.string({ maxLength: 3 }))
      .chain((attribute) =>
        name.chain((n) =>
          fc.constantFrom<Json>(
            { 'Fn::GetAtt': [n, attribute] },
            { 'Fn::GetAtt': `${n}.${attribute}` },
            { 'Fn::GetAtt': [n, 'X', attribute] },
          ),
        ),
      ),
    subText.map((t) => ({ 'Fn::Sub': t })),
    fc
      .tuple(subText, fc.dictionary(fc.constantFrom('Own', 'A', 'x'), tie('value'), { maxKeys: 2 }))
      .map(([t, map]) => ({ 'Fn::Sub': [t, map] }) as Json),
    fc.tuple(condition, tie('value'), tie('value')).map(([c, a, b]) => ({ 'Fn::If': [c, a, b] }) as Json),
    fc.tuple(tie('intrinsic'), tie('value')).map(([c, a]) => ({ 'Fn::If': [c, a, 1] }) as Json),
    fc
      .tuple(
        fc.constantFrom(
          'Fn::Join',
          'Fn::Split',
          'Fn::Select',
          'Fn::Cidr',
          'Fn::Equals',
          'Fn::And',
          'Fn::Or',
          'Fn::Not',
          'Fn::FindInMap',
          'Fn::GetAZs',
          'Fn::Base64',
          'Fn::ImportValue',
          'Fn::Length',
          'Fn::ToJsonString',
          'Fn::Transform',
          'Fn::Nope',
        ),
        fc.oneof(tie('value'), fc.array(tie('value'), { minLength: 1, maxLength: 4 })),
      )
      .map(([f, body]) => ({ [f]: body }) as Json),
    fc
      .tuple(fc.constantFrom('M', 'Nope'), tie('value'), tie('value'), fc.option(tie('value')))
      .map(([m, a, b, d]) => ({ 'Fn::FindInMap': d === null ? [m, a, b] : [m, a, b, { DefaultValue: d }] }) as Json),
    condition.map((c) => ({ Condition: c })),
  ),
}));

const resource = fc.record(
  {
    Type: fc.constantFrom<Json>('T::Net', 'T::Box', 'T::Box', 'Custom::X', 'T::Open', 'bad type', 5, null),
    Properties: fc.oneof(fc.dictionary(key, value, { maxKeys: 4 }), value) as fc.Arbitrary<Json>,
    DependsOn: fc.oneof(name, fc.array(name, { maxLength: 3 }), value) as fc.Arbitrary<Json>,
    Condition: fc.oneof(condition, value) as fc.Arbitrary<Json>,
    DeletionPolicy: fc.oneof(
      fc.constantFrom('Retain', 'Snapshot', 'Delete', 'RetainExceptOnCreate'),
      value,
    ) as fc.Arbitrary<Json>,
    Metadata: value,
    UpdatePolicy: value,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Json>;

const section = (member: fc.Arbitrary<Json>, keys: string[]) =>
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.dictionary(
        fc.constantFrom(...keys),
        fc.oneof({ weight: 9, arbitrary: member }, { weight: 1, arbitrary: value }),
        { maxKeys: 4 },
      ) as fc.Arbitrary<Json>,
    },
    { weight: 1, arbitrary: value },
  );

const template = fc.record(
  {
    Description: value,
    Metadata: value,
    Rules: value,
    Mappings: fc.oneof(fc.constant<Json>({ M: { a: { b: 1 } } }), value),
    Other: value,
    Parameters: section(
      fc.record(
        { Type: fc.constantFrom('String', 'Number', 'CommaDelimitedList'), Default: value, Odd: value },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>,
      ['P', 'L', 'N'],
    ),
    Conditions: section(value, ['C1', 'C2', 'A']),
    Resources: section(resource, ['A', 'B', 'C', 'P', 'Fn::ForEach::X', '__proto__']),
    Outputs: section(
      fc.record(
        { Value: value, Condition: condition, Export: value, Odd: value },
        { requiredKeys: ['Value'] },
      ) as fc.Arbitrary<Json>,
      ['O', 'A'],
    ),
  },
  { requiredKeys: ['Resources'] },
) as unknown as fc.Arbitrary<JsonObject>;

/** As JSON has it: no `-0`, no prototypes. */
const plain = (json: Json): Json => JSON.parse(JSON.stringify(json)) as Json;
/** A failing case of this size shrinks for very long. */
const timeLimitMs = 20_000;

test('import, export: the same template; import again: nothing to do', () => {
  fc.assert(
    fc.property(template, (generated) => {
      const json = plain(generated);
      if (/[\ud800-\udfff]/.test(JSON.stringify(json))) return;
      roundTrip(json, describedSpec);
    }),
    { numRuns: runs(300), interruptAfterTimeLimit: timeLimitMs },
  );
});

test('carried out by the real mutations and read back: the same template; again: nothing to do', () => {
  fc.assert(
    fc.property(template, (generated) => {
      const json = plain(generated);
      if (/[\ud800-\udfff]/.test(JSON.stringify(json))) return;
      const plan = planOf(json, { specOf: describedSpec });
      const state = new MemoryState();
      state.carryOut(plan, describedSpec);
      const model = readTemplate(state, plan.template);
      expect(must(exportTemplate(model))).toEqual(json);
      const again = planOf(json, { specOf: describedSpec, existing: model });
      expect(state.carryOut(again, describedSpec, model)).toBe(0);
    }),
    { numRuns: runs(100), interruptAfterTimeLimit: timeLimitMs },
  );
});

test('printed and parsed: the same template', () => {
  fc.assert(
    fc.property(template, fc.constantFrom('json' as const, 'yaml' as const), (generated, format) => {
      const json = plain(generated);
      expect(must(parseTemplate(printTemplate(json, format)))).toEqual(json);
    }),
    { numRuns: runs(300), interruptAfterTimeLimit: timeLimitMs },
  );
});

test('garbage never throws: a refusal, or a plan that gives the garbage back', () => {
  const garbage = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom('Resources', 'Parameters', 'Outputs', 'Conditions', 'Mappings', 'Rules'),
      fc.jsonValue(),
    ),
  ) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(garbage, (generated) => {
      const json = plain(generated);
      let n = 0;
      const plan = planImport({
        template: json,
        name: '',
        specOf: describedSpec,
        newId: () => String(n++).padStart(26, '0') as ComponentId,
      });
      if (!plan.ok) return;
      expect(must(exportTemplate(plan.value))).toEqual(json);
      requestsOf(plan.value);
    }),
    { numRuns: runs(300), interruptAfterTimeLimit: timeLimitMs },
  );
});

test('any text: a refusal with a place, or a template', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'A:',
      '  B: !Ref C',
      '  - x',
      '{',
      '}',
      '"',
      "'",
      '&a',
      '*a',
      '? x',
      ': y',
      '|',
      '>',
      '\t',
      '---',
      '<<: *a',
      '!!int x',
      '!Foo {a: 1}',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', ' ', ''), (lines, between) => {
      const parsed = parseTemplate(lines.join(between));
      if (!parsed.ok) expect(['request_malformed', 'limit_exceeded']).toContain(parsed.refusal.code);
    }),
    { numRuns: runs(900), interruptAfterTimeLimit: timeLimitMs },
  );
});
