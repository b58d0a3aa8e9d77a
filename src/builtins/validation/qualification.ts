// What stands below /domain of a component, held against its schema, as a qualification: the engine's own, called
// `validation`, on every component whose schema has constraints.

import type { Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Finding, Matches } from './finding.ts';
import { validate } from './validation.ts';

/** `domain`: as it is computed, defaults included, `unknownValue` where there is none yet. `errors`: of values in it. */
export function qualificationOf(
  spec: VariantSpec,
  domain: Json | undefined,
  matches: Matches,
  errors: readonly { readonly path: string; readonly message: string }[],
): Json {
  const about = { property: spec.domain, definitions: spec.definitions, value: domain ?? {}, path: '/domain' };
  const findings = [
    ...errors.map(({ path, message }): Finding => ({ path, message: `has an error: ${message}`, severity: 'error' })),
    ...validate({ ...about, complete: true }, matches),
  ];
  const has = (severity: Finding['severity']): boolean => findings.some((f) => f.severity === severity);
  const result = has('error') ? 'failure' : has('warning') ? 'warning' : 'success';
  if (findings.length === 0) return { result };
  const shown = findings
    .slice(0, limits.findingsMax)
    .map(({ path, message, severity }) => ({ path, message, severity }));
  return { result, message: messageOf(findings), findings: shown };
}

/** Errors first, one sentence each; what is left out is counted. */
function messageOf(findings: readonly Finding[]): string {
  const order: readonly Finding['severity'][] = ['error', 'warning', 'unchecked'];
  const sorted = order.flatMap((severity) => findings.filter((f) => f.severity === severity));
  const shown = sorted.slice(0, saidMax).map((f) => `${f.path}: ${f.message}`);
  const more = findings.length - shown.length;
  return more === 0 ? shown.join('; ') : `${shown.join('; ')}; and ${more} more`;
}

const saidMax = 5;
