// Budgets: how much one apply may do, per role and per token. A limit that is left out does not limit. A refusal names
// every limit that is exceeded, with the figure and the limit, so that nobody finds the second after the first.

import type { ComponentId } from '../base/ids.ts';
import { compareText, isObject, type Json, type JsonObject } from '../base/json.ts';
import { malformedWith } from '../base/malformed.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findComponent, findRecord, hasResource, isMarked, resourceIdOf } from '../model/lookup.ts';
import { holderOf, resourceKeyOf } from '../model/moved.ts';
import type { Category } from '../model/state.ts';
import { changedBy, type Pending, viewsOf } from './changed.ts';
import { isRole, type Principal, type Role, roles } from './role.ts';

const malformed = malformedWith('compare with the output of budget.get');

/** 1: first. */
export const budgetsFormat = 1;

export interface Budget {
  /** Components deleted or erased that have a resource. */
  readonly destroysMax?: number;
  readonly changedComponentsMax?: number;
  /** Ids or names of views in which nothing may be changed. */
  readonly forbiddenViews?: readonly string[];
  /** Ids or names of schemas that may not be changed, nor components of them. */
  readonly forbiddenSchemas?: readonly string[];
}

export interface Budgets {
  readonly format: typeof budgetsFormat;
  readonly roles: Readonly<Partial<Record<Role, Budget>>>;
  /** By token id. Holds beside the budget of the role. */
  readonly tokens: Readonly<Record<string, Budget>>;
}

export const noBudgets: Budgets = { format: budgetsFormat, roles: {}, tokens: {} };

/** A view or schema by all that a budget may call it: its id, its names on Head and in the change set. */
export interface Named {
  readonly id: string;
  readonly names: readonly string[];
}

/** What a change does, as budgets count it. */
export interface BudgetFacts {
  readonly destroys: number;
  readonly changedComponents: number;
  /** Views that are changed or have a changed component in them, and schemas in the same way; by id. */
  readonly views: readonly Named[];
  readonly schemas: readonly Named[];
}

export function budgetFactsOf(pending: Pending): BudgetFacts {
  const { head, present } = pending;
  const changed = changedBy(pending);
  const views = new Set<string>(changed.views.keys());
  const schemas = new Set<string>(changed.schemas.keys());
  let [destroys, changedComponents] = [0, 0];
  for (const component of changed.components.keys()) {
    const records = [head, present].flatMap((reader) => findComponent(reader, component) ?? []);
    // Made and erased again by the same change.
    if (records.length === 0) continue;
    changedComponents++;
    if (isDestroyed(pending, component)) destroys++;
    for (const view of viewsOf(pending, component)) views.add(view);
    for (const record of records) schemas.add(record.schema);
  }
  const named = (category: Category, ids: Set<string>): Named[] =>
    [...ids].sort(compareText).map((id) => {
      const names = [head, present].flatMap((r) => findRecord<{ name: string }>(r, category, id)?.name ?? []);
      return { id, names: [...new Set(names)] };
    });
  return { destroys, changedComponents, views: named('views', views), schemas: named('schemas', schemas) };
}

/** Does the change delete or erase a component that has a resource? One that Head has marked already is Head's. */
function isDestroyed({ head, present }: Pending, component: ComponentId): boolean {
  // Another component takes the resource over.
  if (hasResource(head, component) && holderOf(present, resourceKeyOf(head, component)) !== component) return false;
  if (findComponent(present, component) === undefined) return resourceIdOf(head, component) !== undefined;
  if (!isMarked(present, component) || isMarked(head, component)) return false;
  return (resourceIdOf(present, component) ?? resourceIdOf(head, component)) !== undefined;
}

interface Excess {
  readonly whose: string;
  readonly limit: keyof Budget;
  readonly expected: string;
  readonly got: string;
}

/** The token of a principal, and those that it was made with. */
const tokensOf = ({ token, madeWith = [] }: Principal): readonly string[] =>
  token === undefined ? [] : [token, ...madeWith];

/** Does any budget hold for the principal? */
export function isBudgeted({ roles, tokens }: Budgets, principal: Principal): boolean {
  return roles[principal.role] !== undefined || tokensOf(principal).some((id) => tokens[id] !== undefined);
}

/** Refuses `budget_exceeded`; the budgets of the principal's role, of its token and of those that this was made with all hold. */
export function checkBudget(budgets: Budgets, principal: Principal, facts: BudgetFacts): Result<void> {
  const { role } = principal;
  const excesses = [
    ...excessesOf(budgets.roles[role], `role ${role}`, facts),
    ...tokensOf(principal).flatMap((id) => [...excessesOf(budgets.tokens[id], `token ${id}`, facts)]),
  ];
  if (excesses.length === 0) return ok(undefined);
  return refuse('budget_exceeded', {
    path: 'changeSet',
    expected: excesses.map((e) => `${e.expected} (${e.whose})`).join('; '),
    got: excesses.map((e) => e.got).join('; '),
    hint: 'split the change set, or ask somebody with a larger budget to apply it',
    data: { exceeded: excesses },
  });
}

function* excessesOf(budget: Budget | undefined, whose: string, facts: BudgetFacts): Iterable<Excess> {
  if (budget === undefined) return;
  for (const [limit, figure, one] of [
    ['destroysMax', facts.destroys, 'destroy'],
    ['changedComponentsMax', facts.changedComponents, 'changed component'],
  ] as const) {
    const max = budget[limit];
    if (max !== undefined && figure > max)
      yield { whose, limit, expected: `at most ${counted(max, one)}`, got: counted(figure, one) };
  }
  for (const [limit, touched, where] of [
    ['forbiddenViews', facts.views, 'in view'],
    ['forbiddenSchemas', facts.schemas, 'of schema'],
  ] as const) {
    for (const text of budget[limit] ?? []) {
      const found = touched.find((t) => t.id === text || t.names.includes(text));
      if (found === undefined) continue;
      const shown = `${where} ${JSON.stringify(found.names[0] ?? found.id)}`;
      yield { whose, limit, expected: `no change ${shown}`, got: `a change ${shown}` };
    }
  }
}

const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

/** Checks the document `{format, roles, tokens}` from outside. Refuses `request_malformed`. */
export function parseBudgets(x: unknown): Result<Budgets> {
  const { format, roles: ofRoles = {}, tokens = {}, ...others } = isObject(x) ? (x as JsonObject) : {};
  if (format !== budgetsFormat || Object.keys(others).length > 0)
    return malformed('budgets', `a document with format ${budgetsFormat}, roles and tokens, and nothing else`, x);
  if (!isObject(ofRoles)) return malformed('budgets/roles', 'an object of budgets by role', ofRoles);
  if (!isObject(tokens)) return malformed('budgets/tokens', 'an object of budgets by token id', tokens);
  const stranger = Object.keys(ofRoles).find((role) => !isRole(role));
  if (stranger !== undefined) return malformed('budgets/roles', `only ${roles.join(', ')}`, stranger);
  for (const [part, budgets] of [
    ['roles', ofRoles],
    ['tokens', tokens],
  ] as const) {
    for (const [name, budget] of Object.entries(budgets)) {
      const problem = budgetProblem(budget);
      if (problem !== undefined) return malformed(`budgets/${part}/${name}`, problem, budget);
    }
  }
  return ok({ format, roles: ofRoles, tokens } as unknown as Budgets);
}

function budgetProblem(budget: Json): string | undefined {
  if (!isObject(budget)) return 'a budget';
  for (const [limit, value] of Object.entries(budget)) {
    switch (limit) {
      case 'destroysMax':
      case 'changedComponentsMax':
        if (!(Number.isSafeInteger(value) && (value as number) >= 0)) return `a whole number, 0 or more, in ${limit}`;
        break;
      case 'forbiddenViews':
      case 'forbiddenSchemas':
        if (!Array.isArray(value) || !value.every((v) => typeof v === 'string' && v !== ''))
          return `a list of ids or names in ${limit}`;
        break;
      default:
        return 'only destroysMax, changedComponentsMax, forbiddenViews and forbiddenSchemas';
    }
  }
  return undefined;
}
