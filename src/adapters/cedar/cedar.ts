// The policy engine on Cedar's own evaluator, compiled to WebAssembly. It is loaded with the first text of policies, because
// loading takes a tenth of a second and 40 MB: a workspace without policies never pays for it. A text is parsed once
// and kept in the evaluator under a number of ours; numbers are used again, since the evaluator forgets nothing by itself.

import { builtInPolicies, policySchema } from '../../access/policies_built_in.ts';
import {
  checkPolicyText,
  isReservedPolicyId,
  type PolicyDecision,
  type PolicyLine,
  type PolicyRequest,
} from '../../access/policy.ts';
import { ok, type Result, refuse } from '../../base/result.ts';
import type { Policies, PolicyEngine } from '../../ports/policy_engine.ts';
import { entitiesOf, uidOf } from './entities.ts';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');
type CedarError = import('@cedar-policy/cedar-wasm/nodejs').DetailedError;

export function openCedar(): PolicyEngine {
  return { open: async (text) => opened(await loaded(), text) };
}

let loading: Promise<Cedar> | undefined;

function loaded(): Promise<Cedar> {
  loading ??= import('@cedar-policy/cedar-wasm/nodejs');
  return loading;
}

const free: string[] = [];
let used = 0;

function opened(cedar: Cedar, text: string): Result<Policies> {
  const short = checkPolicyText(text);
  if (!short.ok) return short;
  const parsed = cedar.checkParsePolicySet({ staticPolicies: text });
  if (parsed.type === 'failure') return invalid(text, parsed.errors[0]);
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') return invalid(text, parts.errors[0]);
  if (parts.policy_templates.length > 0) return wrong('policies without slots', 'a template', 1);
  const checked = cedar.validate({ schema: policySchema, policies: { staticPolicies: text } });
  if (checked.type === 'failure') return invalid(text, checked.errors[0]);
  const first = checked.validationErrors.toSorted((a, b) => startOf(a.error) - startOf(b.error))[0];
  if (first !== undefined) return invalid(text, first.error);
  const lines = linesOf(cedar, parts.policies);
  if (!lines.ok) return lines;
  const readsComponents = parts.policies.some((policy) => readsComponent(cedar, policy));
  const all = { ...builtInPolicies, ...Object.fromEntries(lines.value.map((l) => [l.id, l.text])) };
  const name = free.pop() ?? `headwater${used++}`;
  const kept = cedar.preparsePolicySet(name, { staticPolicies: all });
  if (kept.type === 'failure') return invalid(text, kept.errors[0]);
  let isOpen = true;
  return ok({
    lines: lines.value,
    readsComponents,
    decide: (request) => {
      if (!isOpen) throw new Error('invariant broken: policies that were closed decide nothing');
      return decided(cedar, name, request);
    },
    close: () => {
      if (isOpen) free.push(name);
      isOpen = false;
    },
  });
}

/** In the order of the text: Cedar gives them in the order of the names `policy0`, `policy1`, `policy10`, … */
function linesOf(cedar: Cedar, texts: readonly string[]): Result<PolicyLine[]> {
  const names = texts.map((_, i) => `policy${i}`);
  const sorted = names.toSorted();
  const lines: PolicyLine[] = [];
  for (const name of names) {
    const text = texts[sorted.indexOf(name)]!;
    const read = cedar.policyToJson(text);
    if (read.type === 'failure') return invalid(text, read.errors[0]);
    const id = read.json.annotations?.['id'] ?? name;
    if (isReservedPolicyId(id)) return wrong('an id that is not one of a built-in policy', JSON.stringify(id), 1);
    if (lines.some((l) => l.id === id)) return wrong('each id once', `${JSON.stringify(id)} again`, 1);
    lines.push({ id, effect: read.json.effect, text });
  }
  return ok(lines);
}

/** Is it about reading, and does it look at what is read, which may be a component? */
function readsComponent(cedar: Cedar, text: string): boolean {
  const read = cedar.policyToJson(text);
  if (read.type === 'failure') return true;
  const { action, resource, conditions } = read.json;
  const [actions, of] = [JSON.stringify(action), JSON.stringify(resource)];
  if (action.op !== 'All' && !actions.includes('"read"')) return false;
  if (resource.op !== 'All') return of.includes('::Component"');
  return JSON.stringify(conditions).includes('{"Var":"resource"}');
}

function decided(cedar: Cedar, name: string, request: PolicyRequest): PolicyDecision {
  const { principal, action, resource, operation, isOwn, path } = request;
  const answer = cedar.statefulIsAuthorized({
    principal: uidOf('User', principal.id),
    action: uidOf('Action', action),
    resource: uidOf(resource.kind, resource.id),
    context: { operation, permission: action, isOwn, ...(path === undefined ? {} : { path }) },
    preparsedPolicySetId: name,
    entities: entitiesOf(principal, resource),
  });
  if (answer.type === 'failure')
    throw new Error(`invariant broken: Cedar does not take a request: ${answer.errors[0]?.message}`);
  const { decision, diagnostics } = answer.response;
  const failed = diagnostics.errors.map((e) => e.policyId).toSorted();
  // What Cedar skips when it fails might have been a forbid.
  const isAllowed = decision === 'allow' && failed.length === 0;
  const by = failed.length > 0 && decision === 'allow' ? [] : diagnostics.reason.toSorted();
  return { isAllowed, by, failed };
}

function startOf(e: CedarError): number {
  return e.sourceLocations?.[0]?.start ?? 0;
}

function invalid(text: string, e: CedarError | undefined): Result<never> {
  // Offsets are of UTF-8.
  const before = Buffer.from(text, 'utf8')
    .subarray(0, e === undefined ? 0 : startOf(e))
    .toString('utf8');
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const label = e?.sourceLocations?.[0]?.label ?? e?.help;
  const more = label == null ? '' : ` (${label})`;
  return wrong(
    'policies in Cedar, of the schema in docs/access.md',
    `${e?.message ?? 'something else'}${more}`,
    line,
    column,
  );
}

function wrong(expected: string, got: string, line: number, column = 1): Result<never> {
  return refuse('policy_invalid', {
    path: 'text',
    expected,
    got: `line ${line}, column ${column}: ${got}`,
    hint: 'nothing was changed; correct the text and set it again',
    data: { line, column },
  });
}
