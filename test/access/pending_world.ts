// A small world with a change set open in it: Head as it stands, and edits by named authors on top of it.

import type { Edit } from '../../src/access/changed.ts';
import type { Member } from '../../src/access/member.ts';
import { type Planned, type Requirement, type RequirementQuery, requirementsOf } from '../../src/access/requirement.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Approval } from '../../src/model/approval.ts';
import type { ApproverRule } from '../../src/model/view.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { digest, smallWorld, type World } from '../support/model_world.ts';

export class PendingWorld {
  readonly head: Snapshot;
  readonly world: World;
  readonly edits: Edit[] = [];

  constructor(on: World, seed = 7) {
    this.head = on.snapshot;
    this.world = on.fork(seed);
  }

  by(author: string, ...requests: readonly Request[]): this {
    const steps = this.world.do(...requests);
    this.edits.push({ author, mutations: steps.flatMap((s) => s.mutations) });
    return this;
  }

  get pending(): { head: Snapshot; present: Snapshot; edits: readonly Edit[] } {
    return { head: this.head, present: this.world.snapshot, edits: this.edits };
  }

  requirements(more: { planned?: Planned; reviewPaths?: RequirementQuery['reviewPaths'] } = {}): Requirement[] {
    return requirementsOf({ ...this.pending, reviewPaths: [], digest, ...more });
  }

  /** Ids of the requirements, the world's ids written as the names given. */
  ids(names: Readonly<Record<string, string>>, more: Parameters<PendingWorld['requirements']>[0] = {}): string[] {
    return this.requirements(more).map((r) => named(r.id, names));
  }
}

/** A text with ids replaced by what they are called. */
export function named(text: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce((t, [name, id]) => t.replaceAll(id, name), text);
}

/** Views `Net` and `Data`, with `web` in Net, `db` in Data, `both` in both and `free` in neither. */
export function viewWorld(rules: Readonly<Record<string, ApproverRule>> = defaultRules) {
  const world = smallWorld();
  world.lawful = false;
  const view = (name: string): string => world.do({ kind: 'view.create', name })[0]!.subject;
  const [Net, Data] = [view('Net'), view('Data')];
  const [web, db, both, free] = ['web', 'db', 'both', 'free'].map((name) =>
    world.create(name, { '/domain/text': 'x', '/domain/count': 1 }),
  ) as [ComponentId, ComponentId, ComponentId, ComponentId];
  for (const [of, ...in_] of [
    [Net, web, both],
    [Data, db, both],
  ] as const)
    for (const component of in_) world.do({ kind: 'view.add_component', view: of, component });
  for (const [name, rule] of Object.entries(rules)) world.do({ kind: 'view.set_approvers', view: name, rule });
  return { world, names: { Net, Data, web, db, both, free } };
}

export const defaultRules: Readonly<Record<string, ApproverRule>> = {
  Net: { approvers: ['ann', 'approver'], minimum: 1 },
  Data: { approvers: ['bob', 'cid'], minimum: 2 },
};

export const member = (id: string, role: Member['role'] = 'collaborator', active = true): Member => ({
  id,
  role,
  active,
});

export const said = (by: string, requirement: Requirement, decision: Approval['decision'] = 'approve'): Approval => ({
  requirement: requirement.id,
  fingerprint: requirement.fingerprint,
  decision,
  by,
  atMs: 0,
});
