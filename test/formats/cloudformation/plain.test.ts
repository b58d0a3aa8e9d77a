// Plain scalars: the same JSON as the YAML package's core schema, the text where text counts, and the way back. Own
// examples always; the templates of the folder that HEADWATER_TEST_DATA names when it is set.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { Evaluation } from '../../../src/builtins/evaluate.ts';
import { exportWithNotes } from '../../../src/formats/cloudformation/export.ts';
import { planImport } from '../../../src/formats/cloudformation/import.ts';
import type { ImportPlan, TemplateModel } from '../../../src/formats/cloudformation/model.ts';
import { parseSpelled, parseTemplate } from '../../../src/formats/cloudformation/parse.ts';
import { printTemplate } from '../../../src/formats/cloudformation/print.ts';
import { requestsOf } from '../../../src/formats/cloudformation/requests.ts';
import type { Path } from '../../../src/model/path.ts';
import { findTestData } from '../../support/test_data.ts';
import { component, describedSpec, domainOf, type SpecOf } from './planning.ts';
import { independentlyRead } from './reader.ts';
import { MemoryState, readTemplate } from './state.ts';

function planOfText(text: string, options: { specOf?: SpecOf; existing?: TemplateModel } = {}): ImportPlan {
  let n = options.existing?.components.length ?? 0;
  return must(
    planImport({
      ...must(parseSpelled(text)),
      name: 'Stack',
      specOf: options.specOf ?? describedSpec,
      newId: () => String(n++).padStart(26, '0') as ComponentId,
      ...(options.existing ? { existing: options.existing } : {}),
    }),
  );
}

function exported(model: TemplateModel): { template: JsonObject; json: string; yaml: string } {
  const { template, spellings } = must(exportWithNotes(model));
  return {
    template,
    json: printTemplate(template, 'json'),
    yaml: printTemplate(template, 'yaml', spellings),
  };
}

/** Negative zero is no JSON; what cannot be stored is its text. */
function storable(x: unknown): unknown {
  if (typeof x === 'number') {
    return !Number.isFinite(x) || (Number.isInteger(x) && !Number.isSafeInteger(x)) ? expect.any(String) : x + 0;
  }
  if (Array.isArray(x)) return x.map(storable);
  if (typeof x === 'object' && x !== null)
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, storable(v)]));
  return x;
}

const scalars =
  '0.0 1.0 1.10 054676820928 0123 1e3 1E-3 .5 5. +5 -0 -0.0 -1.50 0x1F 0xff 0o17 0b11 .inf -.Inf .nan ~ null Null NULL nULL true True TRUE tRUE false yes Yes NO no on off y n 2010-09-09 2010-09-09T10:00:00Z 22:22 1_000 12345678901234567890 9007199254740993 0.1234567890123456789 1e400 10.0.0.0/16 1.2.3 = - 1e 08 00 +.5 1e30 12 -3 1.5'.split(
    ' ',
  );

describe('plain scalars', () => {
  test.each(scalars.filter((s) => s !== '-'))(
    '%s is what the core schema says, and is exported as it was',
    (scalar) => {
      const text = `Metadata:\n  A: ${scalar}\n  B: [${scalar}]\n  C: "${scalar}"\nResources:\n  R: {Type: T::Any, Properties: {P: ${scalar}, Q: "${scalar}", F: !Join ["", [${scalar}]]}}\n`;
      const core = independentlyRead(text);
      expect(must(parseTemplate(text))).toEqual(storable(core));
      const plan = planOfText(text);
      const out = exported(plan);
      expect(out.template).toEqual(must(parseTemplate(text)));
      expect(JSON.parse(out.json)).toEqual(storable(core));
      // Whole, infinities included, and by the older version of the language too.
      expect(independentlyRead(out.yaml)).toEqual(core);
      const old = (t: string) => (parseYaml(t, { version: '1.1' }) as { Metadata: Json }).Metadata;
      expect(old(out.yaml)).toEqual(old(text.replace(/Resources[\s\S]*/, '')));
      expect(requestsOf(planOfText(text, { existing: plan }), plan)).toEqual([]);
      expect(requestsOf(planOfText(out.yaml, { existing: plan }), plan)).toEqual([]);
    },
  );

  test('an empty value is null; quoted and tagged ones are text', () => {
    expect(must(parseTemplate('A:\nB: ""\nC: !!str 010\nD: ! 010\nE: !Sub 1.10\nF: |-\n  010\n'))).toEqual({
      A: null,
      B: '',
      C: '010',
      D: '010',
      E: { 'Fn::Sub': '1.10' },
      F: '010',
    });
  });

  test('a number beyond what can be stored is its text, printed plain', () => {
    const text = 'Metadata:\n  A: 12345678901234567890\n  B: .inf\n';
    expect(must(parseTemplate(text))).toEqual({ Metadata: { A: '12345678901234567890', B: '.inf' } });
    expect(exported(planOfText(text)).yaml).toBe(text);
  });

  test('keys have the name that the core schema gives, and are printed as spelled', () => {
    const text =
      'Mappings:\n  M:\n    054676820928:\n      1.10: 007\n    "012": {a: b}\nMetadata:\n  010: x\n  80: y\n  "80a": 08\n  yes: 09\n';
    expect(must(parseTemplate(text))).toEqual(independentlyRead(text));
    const plan = planOfText(text);
    expect(domainOf(plan, 'Stack')['Mappings']).toEqual({
      M: { '054676820928': { '1.10': '007' }, '012': { a: 'b' } },
    });
    const out = exported(plan);
    expect(out.template).toEqual(must(parseTemplate(text)));
    expect(out.yaml).toContain('\n    054676820928:\n      1.10: 007\n    "012":\n');
    expect(out.yaml).toContain('\n  80: y\n');
    expect(requestsOf(planOfText(out.yaml, { existing: plan }), plan)).toEqual([]);
  });

  test('aliases and merges take the spelling along, an own member replaces it', () => {
    const text = 'Metadata:\n  A: &a {x: 010, y: 1.10}\n  B: {<<: *a, y: 2}\n  C: *a\n';
    const plan = planOfText(text);
    expect(domainOf(plan, 'Stack')['Metadata']).toEqual({
      A: { x: '010', y: 1.1 },
      B: { x: '010', y: 2 },
      C: { x: '010', y: 1.1 },
    });
    expect(exported(plan).yaml).toBe(
      'Metadata:\n  A:\n    x: 010\n    y: 1.10\n  B:\n    x: 010\n    y: 2\n  C:\n    x: 010\n    y: 1.10\n',
    );
  });
});

describe('live values', () => {
  const text = `
Parameters:
  S: {Type: String, Default: 1.10, AllowedValues: [1.10, 010]}
  N: {Type: Number, Default: 1.0}
Conditions:
  C: !Equals [!Ref S, 1.10]
Mappings:
  M: {a: {v: 1.10, id: 010, hex: 0x1F, on: yes}}
Resources:
  Box:
    Type: T::Box
    Properties:
      Net: 1.10
      Port: 0080
      On: yes
      Ratio: 1.50
      Ids: [010, 1.10, !If [C, 1.10, 2.0]]
      Doc: {Version: 2012-10-17, Account: 010, Ratio: 1.50}
      Env: {A: yes, B: 1e3}
  Open:
    Type: T::Open
    Properties:
      Id: 010
      Number: 1.10
      Joined: !Join [":", [1.10, 010, !FindInMap [M, a, id], !Ref S]]
      Chosen: !If [C, 1.10, 010]
      Document: {a: [010, 1.0]}
Outputs:
  Box: {Value: 1.10}
`;
  const plan = planOfText(text);
  const state = new MemoryState();
  state.carryOut(plan, describedSpec);
  const valueAt = (name: string, path: string): unknown =>
    new Evaluation(state).valueAt({ component: component(plan, name).id, path: path as Path });

  test('a property takes what its kind needs', () => {
    const box = domainOf(plan, 'Box');
    expect(box).toMatchObject({ Net: '1.10', Port: 80, On: true, Ratio: 1.5, Env: { A: 'yes', B: '1e3' } });
    expect(JSON.parse(box['Doc'] as string)).toEqual({ Version: '2012-10-17', Account: '010', Ratio: 1.5 });
    expect((box['Ids'] as Json[]).slice(0, 2)).toEqual(['010', '1.10']);
    expect(plan.report.unrepresented).toEqual([]);
  });

  test('without a kind, zeros in front make a text, other numbers stay numbers', () => {
    expect(domainOf(plan, 'Open')).toMatchObject({ Id: '010', Number: 1.1, Document: { a: ['010', 1] } });
    expect(domainOf(plan, 'Stack')['Mappings']).toEqual({ M: { a: { v: '1.10', id: '010', hex: 31, on: 'yes' } } });
  });

  test('functions, parameters and outputs work on the text', () => {
    expect(domainOf(plan, 'S')).toMatchObject({ Default: '1.10', AllowedValues: ['1.10', '010'] });
    expect(domainOf(plan, 'N')).toMatchObject({ Default: 1 });
    expect(domainOf(plan, 'Box (output)')).toEqual({ Value: '1.10' });
    expect(valueAt('Open', '/domain/Joined')).toMatchObject({ value: '1.10:010:010:1.10' });
    expect(valueAt('C', '/domain/Result')).toMatchObject({ value: true });
  });

  test('export is the same, also after the real mutations', () => {
    const model = readTemplate(state, plan.template);
    for (const out of [exported(plan), exported(model)]) {
      expect(out.template).toEqual(must(parseTemplate(text)));
      expect(independentlyRead(out.yaml)).toEqual(independentlyRead(text));
      for (const spelled of ['Net: 1.10', 'Port: 0080', 'On: yes', 'Version: 2012-10-17', 'on: yes', 'hex: 0x1F'])
        expect(out.yaml).toContain(spelled);
    }
    expect(requestsOf(planOfText(text, { existing: model }), model)).toEqual([]);
  });

  test('a value changed by hand is exported as it is now', () => {
    const edited = {
      ...plan,
      components: plan.components.map((c) =>
        c.name === 'Box' ? { ...c, domain: { ...(c.domain as JsonObject), Net: '1.2', Port: 81, On: false } } : c,
      ),
    };
    expect((exported(edited).template['Resources'] as Record<string, JsonObject>)['Box']!['Properties']).toMatchObject({
      Net: '1.2',
      Port: 81,
      On: false,
      Ratio: 1.5,
    });
  });
});

test('an output called like something else has a name of its own; export and a second import do not change', () => {
  const text = 'Resources:\n  A: {Type: T::Any}\nOutputs:\n  A: {Value: !Ref A}\n  B: {Value: 1}\n';
  const plan = planOfText(text);
  expect(plan.components.map((c) => c.name)).toEqual(['Stack', 'Stack pseudo parameters', 'A', 'A (output)', 'B']);
  expect(exported(plan).template).toEqual(must(parseTemplate(text)));
  expect(requestsOf(planOfText(text, { existing: plan }), plan)).toEqual([]);
});

test('random plain scalars in random places: the same template, nothing to do at the second import', () => {
  const scalar = fc.constantFrom(...scalars.filter((s) => s !== '-' && s !== '='));
  const name = fc.oneof(fc.constantFrom('Net', 'Port', 'On', 'Ids', 'Doc', 'Env', 'Ratio', 'Inner'), scalar);
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      scalar.map((s) => `"${s}"`),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc
        .uniqueArray(fc.tuple(name, tie('value')), {
          maxLength: 3,
          selector: ([k]) => must(parseTemplate(`a: 1\n${k}: 1`)) && k,
        })
        .map((members) => `{${members.map(([k, v]) => `${k}: ${v}`).join(', ')}}`),
      fc.tuple(tie('value'), tie('value')).map(([a, b]) => `!If [C, ${a}, ${b}]`),
      fc.array(tie('value'), { maxLength: 2 }).map((items) => `!Join ["", [${items.join(', ')}]]`),
      fc.tuple(scalar, scalar).map(([a, b]) => `!FindInMap [M, ${a}, ${b}]`),
      scalar.map((a) => `!Sub ["x\${A}", {A: ${a}}]`),
    ),
  }));
  fc.assert(
    fc.property(value, value, value, value, (a, b, c, d) => {
      const text = `Mappings: {M: ${a}}\nConditions: {C: !Equals [1.0, 01]}\nParameters: {P: {Type: String, Default: ${b}}}\nResources: {B: {Type: T::Box, Properties: {Net: ${a}, Port: ${b}, On: ${c}, Ids: [${d}], Doc: ${a}, Env: ${b}}}, R: {Type: T::Any, Metadata: ${d}, Properties: {V: ${c}}}}\nOutputs: {O: {Value: ${d}}}\nOther: ${b}`;
      const plan = planOfText(text);
      const { template, yaml } = exported(plan);
      expect(template).toEqual(must(parseTemplate(text)));
      expect(must(parseSpelled(yaml)).template).toEqual(template);
      expect(requestsOf(planOfText(text, { existing: plan }), plan)).toEqual([]);
    }),
    { numRuns: Number(process.env['HEADWATER_RUNS'] ?? 300), interruptAfterTimeLimit: 20_000 },
  );
});

const folder = findTestData('cloudformation');
const isRun = folder === undefined ? ' (not run: no cloudformation in HEADWATER_TEST_DATA)' : '';

describe.skipIf(folder === undefined)(`real templates, against a reader of its own${isRun}`, () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((f) => /^\d.*\.(json|ya?ml|template)$/.test(f));
  const rejected: string[] = [];

  test.each(files)('%s', (file) => {
    const text = readFileSync(join(folder!, file), 'utf8');
    const core = independentlyRead(text);
    if (core === undefined) {
      rejected.push(file);
      return;
    }
    expect(must(parseTemplate(text))).toEqual(core);
    const plan = planOfText(text, { specOf: () => undefined });
    const out = exported(plan);
    expect(JSON.parse(out.json)).toEqual(core);
    expect(independentlyRead(out.json)).toEqual(core);
    expect(independentlyRead(out.yaml)).toEqual(core);
    expect(requestsOf(planOfText(out.yaml, { specOf: () => undefined, existing: plan }), plan)).toEqual([]);
  });

  test('only texts that the YAML package refuses were left out', () => {
    console.log(`${files.length} templates, ${rejected.length} left out: ${rejected.join(', ')}`);
    expect(rejected.length).toBeLessThan(files.length / 4);
  });

  const accounts = files.find((f) => f.startsWith('43-'));
  test.skipIf(accounts === undefined)(
    'account ids in a mapping keep their zeros, also where a policy looks them up',
    () => {
      const text = readFileSync(join(folder!, accounts!), 'utf8');
      const plan = planOfText(text, { specOf: () => undefined });
      const mappings = domainOf(plan, 'Stack')['Mappings'] as Record<string, Record<string, Record<string, Json>>>;
      const ids = Object.values(mappings).flatMap((m) =>
        Object.values(m).flatMap((e) => ('ELB' in e ? [e['ELB']!] : [])),
      );
      expect(ids).toContain('054676820928');
      for (const id of ids) expect(String(id)).toMatch(/^\d{12}$/);
      const state = new MemoryState();
      state.carryOut(plan, () => undefined);
      const region = { component: component(plan, 'Stack pseudo parameters').id, path: '/domain/Region' };
      state.submit({ kind: 'attribute.set', ...region, value: 'eu-central-1' });
      const evaluation = new Evaluation(state);
      const views = plan.components.map((c) => JSON.stringify(evaluation.view(c.id).value));
      expect(views.filter((view) => view.includes('"Principal":{"AWS":"054676820928"}'))).toHaveLength(1);
    },
  );
});
