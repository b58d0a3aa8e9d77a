// Policy reports: what a check of a change set outside the engine came to, kept beside it for whoever reviews. A report is a
// document of its own and a line in one of the documents that list them; the line is written last, and what has no line is
// not there. Reports are not changed and not removed; a workspace that has as many as it may have takes no more.

import type { Principal } from '../access/role.ts';
import type { Branded, ChangeSetId } from '../base/ids.ts';
import { compareText, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { malformedWith } from '../base/malformed.ts';
import { isPlainName, plainName } from '../base/plain_text.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { noteOnHead } from './audit.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

const malformed = malformedWith('see the help of the operation');

export const policyResults = ['Pass', 'Fail'] as const;
export type PolicyResult = (typeof policyResults)[number];

/** A report as it is listed. */
export interface PolicyReportLine {
  /** ULID. */
  readonly id: Branded<string, 'PolicyReportId'>;
  /** Of the check, the same each time it is made. */
  readonly name: string;
  readonly result: PolicyResult;
  readonly changeSet: ChangeSetId;
  readonly uploadedBy: string;
  readonly createdAtMs: number;
}

export interface PolicyReport extends PolicyReportLine {
  /** What was checked, as its author wrote it. */
  readonly policy: string;
  /** What it came to, for people. */
  readonly report: string;
}

/** 1: first. */
const format = 1;
const documentOf = (place: number): string => `policy-reports/${place}`;
const textOf = (id: string): string => `policy-report/${id}`;

const uploading = new WeakMap<Workspace, Promise<unknown>>();

/** Keeps a report about a change set or Head. Refuses `access_denied`, `request_malformed`, `limit_exceeded`. */
export async function uploadPolicyReport(
  w: Workspace,
  principal: Principal,
  given: { readonly changeSet: ChangeSetId; readonly [name: string]: Json | undefined },
): Promise<Result<PolicyReportLine>> {
  const may = await permit(w, principal, 'edit', { operation: 'upload a policy report', subject: given.changeSet });
  if (!may.ok) return may;
  const checked = parse(given);
  if (!checked.ok) return checked;
  // One at a time: the document with the lines is written whole.
  const done = (uploading.get(w) ?? Promise.resolve()).then(() => write(w, principal, checked.value));
  uploading.set(
    w,
    done.catch(() => {}),
  );
  return done;
}

type Given = Pick<PolicyReport, 'changeSet' | 'name' | 'policy' | 'report' | 'result'>;

function parse(given: { readonly changeSet: ChangeSetId; readonly [name: string]: Json | undefined }): Result<Given> {
  const { changeSet, name, policy, report } = given;
  const result = policyResults.find((r) => r === given['result']);
  if (!isPlainName(name)) return malformed('name', plainName, name);
  if (typeof policy !== 'string') return malformed('policy', 'text', policy);
  if (typeof report !== 'string') return malformed('report', 'text', report);
  if (result === undefined) return malformed('result', policyResults.join(' or '), given['result']);
  const chars = policy.length + report.length;
  if (chars > limits.policyReportCharsMax) {
    return refuse('limit_exceeded', {
      path: 'report',
      expected: `a policy and a report of at most ${limits.policyReportCharsMax} characters together`,
      got: String(chars),
      hint: 'shorten it, and say where the rest is',
    });
  }
  return ok({ changeSet, name, policy, report, result });
}

async function write(w: Workspace, principal: Principal, given: Given): Promise<Result<PolicyReportLine>> {
  const lines = await readLines(w);
  if (lines.length >= limits.policyReportsMax) {
    return refuse('limit_exceeded', {
      path: '',
      expected: `at most ${limits.policyReportsMax} policy reports in a workspace`,
      got: `${lines.length} and one more`,
      hint: 'keep reports of further checks elsewhere',
    });
  }
  const { policy, report, name, result, changeSet } = given;
  const line: PolicyReportLine = {
    id: w.world.ids.ulid(),
    name,
    result,
    changeSet,
    uploadedBy: principal.id,
    createdAtMs: w.world.clock.nowMs(),
  };
  await w.store.putSetting(w.id, textOf(line.id), JSON.stringify({ format, policy, report }));
  const sentence = `upload policy report ${JSON.stringify(name)}: ${result}`;
  await noteOnHead(w, principal.id, { kind: 'policy_report.upload', subject: line.id, path: '', sentence });
  const first = lines.length - (lines.length % limits.policyReportsPerDocument);
  const inDocument = [...lines.slice(first), line];
  const place = first / limits.policyReportsPerDocument;
  await w.store.putSetting(w.id, documentOf(place), JSON.stringify({ format, lines: inDocument }));
  return ok(line);
}

/** Oldest first. Each document but the last is full. */
async function readLines(w: Workspace): Promise<readonly PolicyReportLine[]> {
  const lines: PolicyReportLine[] = [];
  for (let place = 0; ; place++) {
    const text = await w.store.getSetting(w.id, documentOf(place));
    if (text === undefined) return lines;
    const document = JSON.parse(text) as { readonly lines: readonly PolicyReportLine[] };
    lines.push(...document.lines);
    if (document.lines.length < limits.policyReportsPerDocument) return lines;
  }
}

export interface PolicyReportQuery {
  /** Part of the name, in upper or lower case. */
  readonly name?: string;
  readonly changeSet?: ChangeSetId;
  /** From 1; 0 is the first, too. Default 1. */
  readonly page?: number;
  /** Reports of a page, at most `limits.pageRowsMax`; 0: only how many there are. Default 50. */
  readonly size?: number;
}

export interface PolicyReportPage {
  /** None beyond the last page. */
  readonly reports: readonly PolicyReportLine[];
  readonly page: number;
  readonly size: number;
  /** Of all pages. */
  readonly total: number;
}

/** Newest first. Call by whoever may read. */
export async function listPolicyReports(w: Workspace, q: PolicyReportQuery): Promise<PolicyReportPage> {
  const page = Math.max(1, q.page ?? 1);
  const size = Math.min(q.size ?? 50, limits.pageRowsMax);
  const found = (await readLines(w)).filter((line) => fits(line, q)).reverse();
  return { reports: found.slice((page - 1) * size, page * size), page, size, total: found.length };
}

function fits({ name, changeSet }: PolicyReportLine, q: PolicyReportQuery): boolean {
  if (q.changeSet !== undefined && q.changeSet !== changeSet) return false;
  return q.name === undefined || name.toLowerCase().includes(q.name.toLowerCase());
}

export interface PolicyReportGroup {
  readonly name: string;
  /** How many there are, of which so many failed. */
  readonly total: number;
  readonly failed: number;
  /** The newest ones. */
  readonly reports: readonly PolicyReportLine[];
}

/** The reports of each check, checks in order of their names; `more`: of these nothing is told. */
export async function groupPolicyReports(
  w: Workspace,
  q: Pick<PolicyReportQuery, 'name' | 'changeSet'>,
): Promise<{ readonly groups: readonly PolicyReportGroup[]; readonly more: number }> {
  const byName = new Map<string, PolicyReportLine[]>();
  for (const line of await readLines(w)) {
    if (!fits(line, q)) continue;
    const group = byName.get(line.name) ?? [];
    group.push(line);
    byName.set(line.name, group);
  }
  const groups = [...byName]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, lines]) => ({
      name,
      total: lines.length,
      failed: lines.filter((l) => l.result === 'Fail').length,
      reports: lines.slice(-limits.policyReportsPerGroupMax).reverse(),
    }));
  const { policyGroupsMax: most } = limits;
  return { groups: groups.slice(0, most), more: Math.max(0, groups.length - most) };
}

/** Refuses `policy_report_not_found`. */
export async function findPolicyReport(w: Workspace, id: string): Promise<Result<PolicyReport>> {
  const line = (await readLines(w)).find((l) => l.id === id);
  const text = line && (await w.store.getSetting(w.id, textOf(line.id)));
  if (line === undefined || text === undefined) {
    return refuse('policy_report_not_found', {
      path: 'report',
      expected: 'the id of a policy report',
      got: JSON.stringify(id),
      hint: 'list the policy reports',
    });
  }
  const { policy, report } = JSON.parse(text) as Pick<PolicyReport, 'policy' | 'report'>;
  return ok({ ...line, policy, report });
}
