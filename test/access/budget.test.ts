// Budgets: what a change comes to, what is over a limit, and the document they are written in.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Budget,
  type BudgetFacts,
  type Budgets,
  budgetFactsOf,
  checkBudget,
  noBudgets,
  parseBudgets,
} from '../../src/access/budget.ts';
import type { Principal } from '../../src/access/role.ts';
import type { Request } from '../../src/mutation/request.ts';
import { checkRefusal, runs } from '../support/model_world.ts';
import { named, PendingWorld, viewWorld } from './pending_world.ts';

const { world, names } = viewWorld();
world.do({ kind: 'component.set_resource_id', component: 'web', resourceId: 'i-1' });
world.do(
  { kind: 'component.set_resource_id', component: 'db', resourceId: 'i-2' },
  { kind: 'component.delete', component: 'db' },
);
const facts = (...requests: readonly Request[]): BudgetFacts =>
  budgetFactsOf(new PendingWorld(world).by('eve', ...requests).pending);
const text = (component: string): Request => ({ kind: 'attribute.set', component, path: '/domain/text', value: 'y' });
const erase = (component: string): Request => ({ kind: 'component.erase', component });
const shown = (f: BudgetFacts) =>
  named(JSON.stringify([f.views, f.schemas].map((l) => l.flatMap((n) => n.names))), names);

describe('what a change comes to', () => {
  test.each<[string, number, number, Request[]]>([
    ['nothing', 0, 0, []],
    ['an edit', 0, 1, [text('web')]],
    ['two edits of one component', 0, 1, [text('web'), { kind: 'component.rename', component: 'web', name: 'w' }]],
    ['deleting what has a resource', 1, 1, [{ kind: 'component.delete', component: 'web' }]],
    ['deleting what has none', 0, 1, [{ kind: 'component.delete', component: 'free' }]],
    ['erasing what has a resource', 1, 1, [erase('web')]],
    [
      'taking the resource id away and then deleting',
      1,
      1,
      [
        { kind: 'component.set_resource_id', component: 'web', resourceId: null },
        { kind: 'component.delete', component: 'web' },
      ],
    ],
    ['editing beside a mark that Head has', 0, 1, [{ kind: 'component.retain', component: 'db', on: true }]],
    ['erasing what Head has marked', 1, 1, [erase('db')]],
    [
      'deleting and restoring',
      0,
      1,
      [
        { kind: 'component.delete', component: 'web' },
        { kind: 'component.restore', component: 'web' },
      ],
    ],
    ['creating and erasing', 0, 0, [{ kind: 'component.create', schema: 'Thing', name: 'n' }, erase('n')]],
    [
      'importing and deleting',
      1,
      1,
      [
        { kind: 'component.create', schema: 'Thing', name: 'n' },
        { kind: 'component.set_resource_id', component: 'n', resourceId: 'i-9' },
        { kind: 'component.delete', component: 'n' },
      ],
    ],
  ])('[AC17] [AC18] %s: %i destroys, %i changed components', (_what, destroys, changedComponents, requests) => {
    expect(facts(...requests)).toMatchObject({ destroys, changedComponents });
  });

  test('[AC18] views and schemas are those of either side, by all their names', () => {
    expect(shown(facts(text('web')))).toBe('[["All","Net"],["Thing"]]');
    expect(shown(facts({ kind: 'view.remove_component', view: 'Net', component: 'web' }))).toBe(
      '[["All","Net"],["Thing"]]',
    );
    expect(shown(facts({ kind: 'view.rename', view: 'Net', name: 'Web' }))).toBe('[["Net","Web"],[]]');
    const moved = facts({ kind: 'schema.create', name: 'New', spec: { format: 1 } as never });
    expect(shown(moved)).toBe('[[],["New"]]');
    expect(shown(facts(erase('both')))).toBe('[["All","Net","Data"],["Thing"]]');
  });
});

const some: BudgetFacts = {
  destroys: 3,
  changedComponents: 10,
  views: [{ id: 'V1', names: ['Net', 'Web'] }],
  schemas: [{ id: 'S1', names: ['AWS::IAM::Role'] }],
};
const budgets = (roles: Budgets['roles'], tokens: Budgets['tokens'] = {}): Budgets => ({ format: 1, roles, tokens });
const bot: Principal = { id: 'bot', role: 'collaborator', token: 't1' };

describe('a budget', () => {
  const over = (b: Budgets, p: Principal = bot) => {
    const r = checkBudget(b, p, some);
    if (r.ok) return 'fine';
    checkRefusal(r.refusal);
    expect(r.refusal).toMatchObject({ code: 'budget_exceeded', path: 'changeSet' });
    return `${r.refusal.expected} | ${r.refusal.got}`;
  };

  test('[AC19] at its limits passes, and one below refuses with figure and limit', () => {
    expect(over(noBudgets)).toBe('fine');
    expect(
      over(
        budgets({
          collaborator: { destroysMax: 3, changedComponentsMax: 10, forbiddenViews: ['Data'], forbiddenSchemas: [] },
        }),
      ),
    ).toBe('fine');
    expect(over(budgets({ collaborator: { destroysMax: 2 } }))).toBe(
      'at most 2 destroys (role collaborator) | 3 destroys',
    );
    expect(over(budgets({ collaborator: { destroysMax: 1 } }))).toBe(
      'at most 1 destroy (role collaborator) | 3 destroys',
    );
    expect(over(budgets({ owner: { destroysMax: 0 }, viewer: { destroysMax: 0 } }))).toBe('fine');
  });

  test('[AC19] of the token holds beside that of the role, and all that is exceeded is named', () => {
    const both = budgets(
      { collaborator: { changedComponentsMax: 9, forbiddenViews: ['Web'] } },
      { t1: { destroysMax: 0, forbiddenSchemas: ['AWS::IAM::Role', 'S1', 'Other'] }, t2: { destroysMax: 0 } },
    );
    expect(over(both)).toBe(
      'at most 9 changed components (role collaborator); no change in view "Net" (role collaborator); ' +
        'at most 0 destroys (token t1); no change of schema "AWS::IAM::Role" (token t1); no change of schema "AWS::IAM::Role" (token t1)' +
        ' | 10 changed components; a change in view "Net"; 3 destroys; a change of schema "AWS::IAM::Role"; a change of schema "AWS::IAM::Role"',
    );
    expect(over(budgets({}, { t1: { destroysMax: 0 } }), { id: 'bot', role: 'collaborator' })).toBe('fine');
    expect(over(budgets({}, {}), { ...bot, token: 'constructor' })).toBe('fine');
  });

  test('[AC19] refuses exactly when a figure is over or something forbidden is there', () => {
    const list = fc.subarray(['Net', 'V1', 'Data', 'S1', 'AWS::IAM::Role', 'x']);
    const budget = fc.record(
      { destroysMax: fc.nat(5), changedComponentsMax: fc.nat(20), forbiddenViews: list, forbiddenSchemas: list },
      { requiredKeys: [] },
    );
    const isOver = (b: Budget | undefined): boolean =>
      b !== undefined &&
      (3 > (b.destroysMax ?? Infinity) ||
        10 > (b.changedComponentsMax ?? Infinity) ||
        (b.forbiddenViews ?? []).some((v) => ['V1', 'Net', 'Web'].includes(v)) ||
        (b.forbiddenSchemas ?? []).some((v) => ['S1', 'AWS::IAM::Role'].includes(v)));
    fc.assert(
      fc.property(fc.option(budget, { nil: undefined }), fc.option(budget, { nil: undefined }), (role, token) => {
        const document = parseBudgets({
          format: 1,
          roles: role ? { collaborator: role } : {},
          tokens: token ? { t1: token } : {},
        });
        if (!document.ok) throw new Error(JSON.stringify(document.refusal));
        expect(checkBudget(document.value, bot, some).ok).toBe(!isOver(role) && !isOver(token));
      }),
      { numRuns: runs(1000), seed: 74 },
    );
  });
});

describe('the document', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'budgets'],
    ['another format', { format: 2 }, 'budgets'],
    ['something else in it', { format: 1, users: {} }, 'budgets'],
    ['roles that are none', { format: 1, roles: [] }, 'budgets/roles'],
    ['an unknown role', { format: 1, roles: { admin: {} } }, 'budgets/roles'],
    ['tokens that are none', { format: 1, tokens: null }, 'budgets/tokens'],
    ['an unknown limit', { format: 1, roles: { viewer: { destroys: 1 } } }, 'budgets/roles/viewer'],
    ['a negative limit', { format: 1, roles: { viewer: { destroysMax: -1 } } }, 'budgets/roles/viewer'],
    ['half a component', { format: 1, tokens: { t: { changedComponentsMax: 0.5 } } }, 'budgets/tokens/t'],
    ['names that are none', { format: 1, tokens: { t: { forbiddenViews: [1] } } }, 'budgets/tokens/t'],
    ['one name without a list', { format: 1, tokens: { t: { forbiddenSchemas: 'x' } } }, 'budgets/tokens/t'],
    ['a budget that is none', { format: 1, tokens: { t: 3 } }, 'budgets/tokens/t'],
  ])('[AC20] with %s is refused at its place', (_what, x, path) => {
    const r = parseBudgets(x);
    if (r.ok) throw new Error('not refused');
    checkRefusal(r.refusal);
    expect(r.refusal).toMatchObject({ code: 'request_malformed', path });
  });

  test('[AC20] may leave roles and tokens out', () => {
    expect(parseBudgets({ format: 1 })).toEqual({ ok: true, value: noBudgets });
  });
});
