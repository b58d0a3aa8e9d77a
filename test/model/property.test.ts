// Property trees, literals against them, kinds of sources, and the life of a change set.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import {
  type ChangeSetEvent,
  type ChangeSetStatus,
  changeSetEvents,
  changeSetStatuses,
  isActive,
  transition,
} from '../../src/model/change_set.ts';
import type { Path } from '../../src/model/path.ts';
import { isLinear, matchPattern } from '../../src/model/pattern.ts';
import {
  checkLiteral,
  checkPropertyTree,
  kindFits,
  type Property,
  type PropertyKind,
} from '../../src/model/property.ts';
import { parseVariantSpec, propertyAt } from '../../src/model/schema.ts';
import { thingSpec } from '../support/model_world.ts';

const codeOf = (r: { ok: boolean; refusal?: { code: string; path: string } }): string => r.refusal?.code ?? 'fine';

describe('property trees', () => {
  test.each<[string, unknown, string]>([
    ['no object', 5, ''],
    ['no kind', {}, '/kind'],
    ['an unknown kind', { kind: 'tuple' }, '/kind'],
    ['a dangling reference', { kind: 'ref', to: 'Nope' }, '/to'],
    ['a reference into the prototype', { kind: 'ref', to: 'constructor' }, '/to'],
    [
      'a bad member',
      { kind: 'object', properties: { a: { kind: 'map', values: { kind: 'x' } } } },
      '/properties/a/values/kind',
    ],
    ['members that are none', { kind: 'object', properties: 'abc' }, '/properties'],
    ['bad items', { kind: 'array', items: null }, '/items'],
    ['crossed bounds', { kind: 'integer', minimum: 2, maximum: 1 }, ''],
    ['crossed lengths', { kind: 'string', minLength: 2, maxLength: 1 }, ''],
    ['an enum that is no list', { kind: 'string', enum: 'a' }, '/enum'],
    ['a pattern that is no text', { kind: 'string', pattern: 1 }, '/pattern'],
    ['a flag that is none', { kind: 'string', readOnly: 'yes' }, '/readOnly'],
    ['a default of another kind', { kind: 'integer', default: 'x' }, '/default'],
    ['a default out of bounds', { kind: 'integer', maximum: 1, default: 2 }, '/default'],
    ['a default list with a bad item', { kind: 'array', items: { kind: 'integer' }, default: [1, 'x'] }, '/default'],
    ['a default object with an unknown member', { kind: 'object', properties: {}, default: { a: 1 } }, '/default'],
    ['a default map that is a list', { kind: 'map', default: [] }, '/default'],
  ])('[MO5] %s is refused at its place', (_name, tree, path) => {
    const checked = checkPropertyTree(tree, '/t', { Node: { kind: 'object' } });
    expect(checked.ok ? undefined : checked.refusal).toMatchObject({
      code: 'property_tree_invalid',
      path: `/t${path}`,
    });
  });

  test('[MO5] a tree deeper than the bound is refused', () => {
    let tree: Property = { kind: 'string' };
    for (let i = 0; i < 60; i++) tree = { kind: 'array', items: tree };
    expect(codeOf(checkPropertyTree(tree, '', {}))).toBe('property_tree_invalid');
  });

  test('[MO5] a document may leave out any part, and says what is wrong with one', () => {
    const bare = parseVariantSpec({ format: 1 });
    expect(bare.ok && bare.value).toMatchObject({
      domain: { kind: 'object' },
      secrets: { kind: 'object' },
      definitions: {},
    });
    if (bare.ok) expect(propertyAt(bare.value, '/domain/x' as Path)).toBeUndefined();
    expect(parseVariantSpec(thingSpec).ok).toBe(true);
    expect(codeOf(parseVariantSpec({ format: 2 }))).toBe('request_malformed');
    expect(codeOf(parseVariantSpec(null))).toBe('request_malformed');
    expect(codeOf(parseVariantSpec({ format: 1, domain: { kind: 'string' } }))).toBe('property_tree_invalid');
    expect(codeOf(parseVariantSpec({ format: 1, definitions: [] }))).toBe('property_tree_invalid');
    expect(codeOf(parseVariantSpec({ format: 1, definitions: { A: { kind: 'ref', to: 'B' } } }))).toBe(
      'property_tree_invalid',
    );
  });
});

describe('literals', () => {
  test.each<[Property, Json, string]>([
    [{ kind: 'string' }, 'x', 'fine'],
    [{ kind: 'string' }, 1, 'kind_mismatch'],
    [{ kind: 'string' }, null, 'kind_mismatch'],
    [{ kind: 'integer' }, 1.5, 'kind_mismatch'],
    [{ kind: 'number' }, 1, 'fine'],
    [{ kind: 'boolean' }, 'true', 'kind_mismatch'],
    [{ kind: 'json' }, [1], 'fine'],
    [{ kind: 'any' }, null, 'fine'],
    [{ kind: 'array' }, [], 'kind_mismatch'],
    [{ kind: 'string', enum: ['a'], pattern: '^b$' }, 'b', 'not_in_enum'],
    [{ kind: 'string', enum: ['a'], pattern: '^b$' }, 1, 'kind_mismatch'],
    [{ kind: 'any', enum: [{ a: 1 }] }, { a: 1 }, 'fine'],
    [{ kind: 'string', pattern: '^b', minLength: 3 }, 'a', 'pattern_mismatch'],
    [{ kind: 'string', pattern: '^b', minLength: 3 }, 'b', 'out_of_bounds'],
    [{ kind: 'string', maxLength: 1 }, 'ab', 'out_of_bounds'],
    [{ kind: 'integer', minimum: 1 }, 0, 'out_of_bounds'],
    [{ kind: 'number', maximum: 1 }, 1.5, 'out_of_bounds'],
  ])('[MO6] %j takes %j: %s', (property, value, code) => {
    expect(codeOf(checkLiteral(property, value, '/x', matchPattern))).toBe(code);
  });

  test('[MO8] only expressions of linear time are run', () => {
    for (const bad of ['(a+)+', '(a|a)*', '(a*)*b', '(?=a)b', '(a)\\1', '((a+)b)*', '(a{2,})+']) {
      expect(isLinear(bad), bad).toBe(false);
      expect(matchPattern(bad, 'zzz'), bad).toBeUndefined();
    }
    for (const good of ['^[a-z]+-[0-9]+$', '(ab)?c', 'a{1,3}', '[(+*)]+', '\\(a+\\)'])
      expect(isLinear(good), good).toBe(true);
    expect(matchPattern('(', 'x')).toBeUndefined();
    expect(matchPattern('a', 'x'.repeat(5000))).toBeUndefined();
    expect(codeOf(checkLiteral({ kind: 'string', pattern: '(a+)+$' }, 'b', '', matchPattern))).toBe('fine');
  });
});

describe('kinds of sources', () => {
  const fits: Partial<Record<PropertyKind, readonly PropertyKind[]>> = {
    string: ['string', 'json', 'any'],
    integer: ['integer', 'any'],
    number: ['number', 'integer', 'any'],
    boolean: ['boolean', 'any'],
    json: ['string', 'integer', 'number', 'boolean', 'json', 'array', 'map', 'object', 'any'],
    array: ['array', 'any'],
    map: ['map', 'object', 'json', 'any'],
    object: ['object', 'map', 'json', 'any'],
    any: ['string', 'integer', 'number', 'boolean', 'json', 'array', 'map', 'object', 'any'],
  };
  test.each(Object.entries(fits))('[MO7] %s takes %j', (to, from) => {
    for (const kind of Object.keys(fits) as PropertyKind[]) {
      expect(kindFits({ kind: to as PropertyKind }, { kind }, {}, {}), `${to} <- ${kind}`).toBe(from.includes(kind));
    }
  });

  test('[MO7] items and values are compared too, also through references that recur', () => {
    const list = (items: Property): Property => ({ kind: 'array', items });
    expect(kindFits(list({ kind: 'string' }), list({ kind: 'integer' }), {}, {})).toBe(false);
    expect(
      kindFits({ kind: 'map', values: { kind: 'number' } }, { kind: 'map', values: { kind: 'integer' } }, {}, {}),
    ).toBe(true);
    const definitions = { L: list({ kind: 'ref', to: 'L' }) };
    expect(kindFits({ kind: 'ref', to: 'L' }, { kind: 'ref', to: 'L' }, definitions, definitions)).toBe(true);
  });
});

describe('a change set', () => {
  const walk = (...events: ChangeSetEvent[]): string => {
    let status: ChangeSetStatus = 'Open';
    for (const event of events) {
      const next = transition(status, event);
      if (!next.ok) return next.refusal.code;
      status = next.value;
    }
    return status;
  };

  test('[MO9] walks from open to applied, with approval or without', () => {
    expect(walk('edit', 'apply')).toBe('Applied');
    expect(walk('request_approval', 'approve', 'apply')).toBe('Applied');
    expect(walk('request_approval', 'reject', 'apply')).toBe('change_set_not_open');
    expect(walk('request_approval', 'reject', 'reopen', 'edit')).toBe('Open');
    expect(walk('abandon', 'edit')).toBe('change_set_not_open');
    expect(walk('abandon', 'reopen', 'edit')).toBe('Open');
  });

  test('[MO11] B2 is edited only while Open, to which withdrawing and reopening lead back', () => {
    const waiting: ChangeSetEvent[][] = [
      ['request_approval'],
      ['request_approval', 'approve'],
      ['request_approval', 'reject'],
      ['request_approval', 'reject', 'approve'],
      ['request_approval', 'approve', 'reject'],
    ];
    for (const events of waiting) {
      expect(walk(...events, 'edit')).toBe('change_set_not_open');
      for (const back of ['withdraw', 'reopen'] as const) {
        expect(walk(...events, back, 'edit')).toBe('Open');
        expect(walk(...events, back, 'request_approval', 'approve', 'apply')).toBe('Applied');
      }
    }
    expect(walk('withdraw')).toBe('change_set_not_open');
    expect(walk('abandon', 'withdraw')).toBe('change_set_not_open');
    expect(walk('request_approval', 'approve', 'request_approval')).toBe('NeedsApproval');
    expect(walk('request_approval', 'reject', 'request_approval', 'approve')).toBe('Approved');
    expect(walk('request_approval', 'request_approval')).toBe('change_set_not_open');
  });

  test('[MO12] is abandoned from every state it is active in, and reopened', () => {
    for (const status of changeSetStatuses) {
      expect(transition(status, 'abandon').ok).toBe(isActive(status));
      expect(transition(status, 'reopen').ok).toBe(status !== 'Open' && status !== 'Applied');
    }
    expect(walk('abandon', 'reopen', 'apply')).toBe('Applied');
  });

  test('[MO9] every event at every status gives a status or a refusal that says what is possible', () => {
    for (const status of changeSetStatuses) {
      for (const event of changeSetEvents) {
        const next = transition(status, event);
        if (next.ok) expect(changeSetStatuses).toContain(next.value);
        else expect(Object.values(next.refusal).every((v) => v !== '')).toBe(true);
        if (status === 'Applied') expect(next.ok).toBe(false);
        if (event === 'edit') expect(next.ok).toBe(status === 'Open');
      }
    }
    expect(changeSetStatuses.filter((s) => !isActive(s))).toEqual(['Applied', 'Abandoned']);
  });
});
