// Whether decisions suffice: known lives of one change set, and random decisions against a plain reading of the rules.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkApprovals, decide, eventOf, isAlone, mayApprove, tally } from '../../src/access/approval.ts';
import type { Member } from '../../src/access/member.ts';
import type { Requirement } from '../../src/access/requirement.ts';
import { roles } from '../../src/access/role.ts';
import type { Hash } from '../../src/base/ids.ts';
import { type Approval, lift, spend } from '../../src/model/approval.ts';
import type { Request } from '../../src/mutation/request.ts';
import { checkRefusal, runs } from '../support/model_world.ts';
import { member, PendingWorld, said, viewWorld } from './pending_world.ts';

const need = (id: string, approvers: readonly string[], minimum = 1, fingerprint = 'f'): Requirement => ({
  id,
  kind: 'view',
  subject: id,
  title: `changes in view "${id}"`,
  entities: [],
  names: [],
  approvers,
  minimum,
  fingerprint: fingerprint as Hash,
});

const members = [
  member('eve', 'owner'),
  member('ann'),
  member('bob', 'approver'),
  member('cid', 'viewer'),
  member('olga', 'owner'),
];
const judge = (
  requirements: readonly Requirement[],
  approvals: readonly Approval[],
  more: { members?: readonly Member[]; authors?: string[] } = {},
) => decide({ requirements, approvals, members, authors: ['eve', 'engine'], ...more });
const met = (...args: Parameters<typeof judge>): boolean => judge(...args).satisfied;

describe('who counts', () => {
  const one = need('one', ['ann', 'approver']);

  test.each<[string, string, boolean]>([
    ['named by id', 'ann', true],
    ['in the role named', 'bob', true],
    ['an owner where approvers are named', 'olga', true],
    ['neither', 'cid', false],
    ['no member', 'zoe', false],
    ['an author, though an owner', 'eve', false],
  ])('[AC11] %s', (_what, by, counts) => {
    expect(met([one], [said(by, one)])).toBe(counts);
    const known = members.find((m) => m.id === by);
    expect(known !== undefined && mayApprove(one, known, new Set(['eve']))).toBe(counts);
  });

  test('[AC11] the author of any edit does not count for any part', () => {
    expect(met([one], [said('bob', one)], { authors: ['eve', 'bob'] })).toBe(false);
  });

  test('[AC11] nobody counts twice, nor when inactive, nor in a role lost since', () => {
    const two = need('two', ['ann', 'bob'], 2);
    expect(met([two], [said('ann', two), said('ann', two)])).toBe(false);
    expect(met([two], [said('ann', two), said('bob', two)])).toBe(true);
    const without = (id: string, now: Member) => members.map((m) => (m.id === id ? now : m));
    expect(
      met([two], [said('ann', two), said('bob', two)], { members: without('bob', member('bob', 'approver', false)) }),
    ).toBe(false);
    expect(met([one], [said('bob', one)], { members: without('bob', member('bob', 'viewer')) })).toBe(false);
  });

  test('[AC11] an owner stands in for approvers and for no other role', () => {
    const collaborators = need('c', ['collaborator']);
    expect(met([collaborators], [said('olga', collaborators)])).toBe(false);
    expect(met([collaborators], [said('ann', collaborators)])).toBe(true);
    const owners = need('o', ['owner']);
    expect(met([owners], [said('bob', owners)])).toBe(false);
    expect(met([owners], [said('olga', owners)])).toBe(true);
  });

  test('[AC15] with one active member, or none at all, nothing is required; with two it is', () => {
    const alone = [member('eve', 'owner'), member('ann', 'owner', false)];
    expect(judge([one], [], { members: alone })).toEqual({ satisfied: true, missing: [] });
    expect(met([one], [], { members: [] })).toBe(true);
    expect(met([one], [], { members: [...alone, member('cid', 'viewer')] })).toBe(false);
    expect([isAlone(alone), isAlone([]), isAlone(members)]).toEqual([true, true, false]);
  });
});

describe('a decision', () => {
  const one = need('one', ['ann', 'bob']);
  const changed = { ...one, fingerprint: 'g' as Hash };

  test('[AC12] B26 is replaced by the later one of the same person', () => {
    const [yes, no] = [said('ann', one), said('ann', one, 'reject')];
    expect(met([one], [no, yes])).toBe(true);
    expect(met([one], [yes, no])).toBe(false);
    expect(judge([one], [yes, no]).missing[0]).toMatchObject({ have: 0, rejectedBy: ['ann'] });
    expect(met([one], [{ ...yes, atMs: 9 }, no, { ...yes, atMs: 1 }])).toBe(true);
  });

  test('[AC10] holds for the content it was given to, also when that comes back', () => {
    expect(met([changed], [said('ann', one)])).toBe(false);
    expect(met([one], [said('ann', one)])).toBe(true);
    expect(met([changed], [said('ann', one), said('ann', changed)])).toBe(true);
  });

  test('[AC13] that rejects outweighs every approval, also of what the content has become', () => {
    const approvals = [said('ann', one, 'reject'), said('bob', one)];
    expect(met([one], approvals)).toBe(false);
    expect(met([changed], [...approvals, said('bob', changed)])).toBe(false);
    expect(met([changed], [...approvals, said('bob', changed), said('ann', changed)])).toBe(true);
    expect(met([one], [said('cid', one, 'reject'), said('eve', one, 'reject'), said('bob', one)])).toBe(true);
  });

  test('[AC13] that rejects falls with reopening; the approval before it stays replaced', () => {
    const approvals = [said('ann', one), said('bob', one), said('ann', one, 'reject')];
    expect(met([one], lift(approvals))).toBe(true);
    expect(judge([need('one', ['ann'])], lift(approvals)).missing[0]).toMatchObject({
      have: 0,
      rejectedBy: [],
      whoMay: ['ann'],
    });
    expect(met([one], [...lift(approvals), said('ann', one, 'reject')])).toBe(false);
  });

  test('[AC14] that is spent counts never again; a new one does', () => {
    const spent = spend([said('ann', one)]);
    expect(met([one], spent)).toBe(false);
    expect(met([one], spend(lift(spent)))).toBe(false);
    expect(met([one], [...spent, said('ann', one)])).toBe(true);
  });
});

describe('what is missing', () => {
  const [a, b] = [need('a', ['ann', 'bob', 'eve'], 2), need('b', ['bob'])];

  test('[AC16] is told with who may give it', () => {
    expect(judge([a, b], [said('ann', a)]).missing).toEqual([
      { requirement: a, have: 1, need: 2, whoMay: ['bob'], rejectedBy: [] },
      { requirement: b, have: 0, need: 1, whoMay: ['bob'], rejectedBy: [] },
    ]);
  });

  test('[AC10] [AC16] is told beside what has come, and beside approvals of what a part was before', () => {
    const now = { ...a, fingerprint: 'g' as Hash };
    const approvals = [said('ann', a), said('bob', now), said('bob', b), said('cid', b)];
    const told = tally({ requirements: [now, b], approvals, members, authors: ['eve'] });
    expect(told).toEqual([
      { requirement: now, isMet: false, approvedBy: ['bob'], outdated: ['ann'], rejectedBy: [], whoMay: ['ann'] },
      { requirement: b, isMet: true, approvedBy: ['bob'], outdated: [], rejectedBy: [], whoMay: [] },
    ]);
    expect(tally({ requirements: [a], approvals: spend([said('ann', now)]), members, authors: [] })[0]).toMatchObject({
      outdated: [],
    });
    expect(tally({ requirements: [a], approvals, members: [member('ann', 'owner')], authors: [] })).toEqual([]);
  });

  test('[AC16] is refused in a sentence, however much it is', () => {
    const refusal = (...args: Parameters<typeof judge>) => {
      const r = checkApprovals(judge(...args));
      if (r.ok) throw new Error('not refused');
      checkRefusal(r.refusal);
      return r.refusal;
    };
    expect(refusal([a, b], [said('ann', a), said('bob', b, 'reject')])).toMatchObject({
      code: 'approval_required',
      path: 'changeSet',
      expected: '2 approvals of changes in view "a"; 1 approval of changes in view "b"',
      got: '1; rejected by bob',
      hint: 'ask bob',
    });
    expect(refusal([need('x', ['zoe'])], []).hint).toContain('add a member');
    const wide = { ...b, entities: ['1', '2', '3'], names: ['web', 'db'] };
    expect(refusal([wide], []).expected).toBe('1 approval of changes in view "b" (web, db, 1 more)');
    const many = Array.from({ length: 1000 }, (_, i) => need(`n${i}`, ['bob']));
    expect(refusal(many, []).expected).toMatch(/; 990 more$/);
    expect(checkApprovals(judge([b], [said('bob', b)]))).toEqual({ ok: true, value: undefined });
  });

  test('[AC16] gives the event for the status', () => {
    expect(eventOf(judge([a, b], [said('bob', b)]))).toBe('request_approval');
    expect(eventOf(judge([a, b], [said('bob', b), said('ann', a, 'reject')]))).toBe('reject');
    expect(eventOf(judge([b], [said('bob', b)]))).toBe('approve');
  });
});

describe('a change set', () => {
  const { world } = viewWorld();
  const text = (component: string, value: string): Request => ({
    kind: 'attribute.set',
    component,
    path: '/domain/text',
    value,
  });
  const people = [...members, member('dan', 'collaborator')];

  test('[AC10] B24 B26 is asked again only for what was changed since, and once', () => {
    const pending = new PendingWorld(world).by('eve', text('web', '1'), text('db', '1'));
    const judgeNow = (approvals: readonly Approval[]) =>
      decide({
        requirements: pending.requirements(),
        approvals,
        members: people,
        authors: pending.edits.map((e) => e.author),
      });
    const part = (name: string) => pending.requirements().find((r) => r.title.includes(name))!;
    expect(judgeNow([]).missing).toHaveLength(2);
    let approvals = [said('ann', part('Net')), said('bob', part('Data'))];
    expect(judgeNow(approvals).missing.map((m) => [m.requirement.title, m.have, m.need])).toEqual([
      ['changes in view "Data"', 1, 2],
    ]);
    approvals = [...approvals, said('cid', part('Data'))];
    expect(judgeNow(approvals).satisfied).toBe(true);
    pending.by('eve', text('web', '2'));
    expect(judgeNow(approvals).missing.map((m) => m.requirement.title)).toEqual(['changes in view "Net"']);
    approvals = [...approvals, said('ann', part('Net'))];
    expect(judgeNow(approvals).satisfied).toBe(true);
    expect(judgeNow(spend(approvals)).missing).toHaveLength(2);
    // Whoever begins to edit what they have approved is an author from then on.
    pending.by('bob', text('free', '1'));
    expect(judgeNow(approvals).missing.map((m) => [m.have, m.need])).toEqual([[1, 2]]);
  });
});

describe('random decisions', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const anyMember = fc.record({ role: fc.constantFrom(...roles), active: fc.boolean() });
  const anyRequirement = fc.record({
    approvers: fc.uniqueArray(fc.constantFrom(...ids, ...roles), { minLength: 1, maxLength: 4 }),
    minimum: fc.integer({ min: 1, max: 3 }),
    fingerprint: fc.constantFrom('f', 'g'),
  });
  const anyApproval = fc.record({
    requirement: fc.constantFrom('r0', 'r1', 'r2'),
    fingerprint: fc.constantFrom('f' as Hash, 'g' as Hash),
    decision: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const),
    by: fc.constantFrom(...ids, 'zoe'),
    atMs: fc.nat(9),
  });
  const what = fc.record({
    people: fc.array(anyMember, { minLength: 4, maxLength: 4 }),
    rules: fc.array(anyRequirement, { maxLength: 3 }),
    approvals: fc.array(anyApproval, { maxLength: 16 }),
    authors: fc.subarray(ids, { maxLength: 2 }),
    spentTo: fc.nat(16),
    liftedTo: fc.nat(16),
  });

  test('[AC11] [AC12] [AC13] [AC14] [AC15] [AC16] come to what a plain reading of the rules gives', () => {
    const outcomes = new Set<boolean>();
    fc.assert(
      fc.property(what, ({ people, rules, approvals: given, authors, spentTo, liftedTo }) => {
        const crowd = people.map((p, i) => member(ids[i]!, p.role, p.active));
        const requirements = rules.map((r, i) => need(`r${i}`, r.approvers, r.minimum, r.fingerprint));
        const spent = [...spend(given.slice(0, spentTo)), ...given.slice(spentTo)];
        const approvals: Approval[] = [...lift(spent.slice(0, liftedTo)), ...spent.slice(liftedTo)];
        const active = crowd.filter((m) => m.active);
        let open = 0;
        const result = decide({ requirements, approvals, members: crowd, authors });
        for (const r of requirements) {
          let [yes, no] = [0, 0];
          for (const m of active) {
            if (authors.includes(m.id)) continue;
            const called = [m.id, m.role, m.role === 'owner' ? 'approver' : m.role] as string[];
            if (!r.approvers.some((a) => called.includes(a))) continue;
            const last = approvals.findLast((x) => x.by === m.id && x.requirement === r.id);
            if (last?.decision === 'reject' && !last.lifted) no++;
            if (last?.decision === 'approve' && !last.spent && last.fingerprint === r.fingerprint) yes++;
          }
          const isOpen = active.length > 1 && (no > 0 || yes < r.minimum);
          if (isOpen) open++;
          const told = result.missing.find((x) => x.requirement === r);
          expect(told === undefined).toBe(!isOpen);
          if (told) expect([told.have, told.need, told.rejectedBy.length]).toEqual([yes, r.minimum, no]);
        }
        outcomes.add(open === 0);
        expect(result.satisfied).toBe(open === 0);
        expect(checkApprovals(result).ok).toBe(open === 0);
      }),
      { numRuns: runs(3000), seed: 73 },
    );
    expect(outcomes.size).toBe(2);
  });
});
