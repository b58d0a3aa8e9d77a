// A workspace with people and views: Ada owns it, Bob may approve by his role, Ann is named by id, Eve edits. View Net
// asks Ann or an approver, view Data asks Bob. Components web (in Net), db (in Data), both and free.

import type { Principal } from '../../src/access/role.ts';
import type { Json } from '../../src/base/json.ts';
import type { ApprovalsView } from '../../src/engine/approvals.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { type House, owner, type Params } from './house.ts';

export const ada = owner;
/** The role is that of the membership, so what is said here does not count. */
const person = (id: string): Principal => ({ id, role: 'owner' });
export const [ann, bob, eve, vic] = ['ann', 'bob', 'eve', 'vic'].map(person) as [
  Principal,
  Principal,
  Principal,
  Principal,
];

const places = ['web', 'db', 'both', 'free'] as const;

export class Office {
  readonly house: House;
  readonly #names = new Map<string, string>();

  constructor(house: House) {
    this.house = house;
  }

  static async open(house: House, people = true): Promise<Office> {
    const office = new Office(house);
    const cs = await house.withBox();
    for (const name of ['Net', 'Data']) {
      const reply = await house.submit(cs, { kind: 'view.create', name });
      office.#names.set(name, reply.steps[0]!.subject);
    }
    for (const name of places) office.#names.set(name, await house.create(cs, name));
    for (const [view, component] of [
      ['Net', 'web'],
      ['Net', 'both'],
      ['Data', 'db'],
      ['Data', 'both'],
    ])
      await house.submit(cs, { kind: 'view.add_component', view: view!, component: component! });
    await house.submit(
      cs,
      { kind: 'view.set_approvers', view: 'Net', rule: { approvers: ['ann', 'approver'], minimum: 1 } },
      { kind: 'view.set_approvers', view: 'Data', rule: { approvers: ['bob'], minimum: 1 } },
    );
    await house.call('change_set.apply', { changeSet: cs });
    if (people) await office.people();
    return office;
  }

  async people(): Promise<void> {
    for (const [member, role] of [
      ['bob', 'approver'],
      ['ann', 'collaborator'],
      ['eve', 'collaborator'],
      ['vic', 'viewer'],
    ])
      await this.house.call('member.set', { member: member!, role: role! });
  }

  id(name: string): string {
    return this.#names.get(name)!;
  }

  as(principal: Principal, operation: string, params: Params): Promise<ChangeSetRow> {
    return this.house.call<ChangeSetRow>(operation, params, principal);
  }

  /** Makes the edits in a change set (default: a new one) as Eve, or somebody else. */
  async edit(mutations: readonly Json[], by = eve, on?: string): Promise<string> {
    const changeSet = on ?? (await this.as(by, 'change_set.create', { name: 'proposal' })).id;
    await this.house.call('submit', { changeSet, mutations: [...mutations] }, by);
    return changeSet;
  }

  approvals(changeSet: string): Promise<ApprovalsView> {
    return this.house.call<ApprovalsView>('change_set.approvals', { changeSet });
  }

  /** Titles of what is missing. */
  async missing(changeSet: string): Promise<string[]> {
    const { requirements } = await this.approvals(changeSet);
    return requirements.filter((r) => !r.isMet).map((r) => r.title);
  }

  async decide(changeSet: string, by: Principal, verb: 'approve' | 'reject' = 'approve', part?: string) {
    const requirement = part === undefined ? {} : { requirement: `view:${this.id(part)}` };
    return this.as(by, `change_set.${verb}`, { changeSet, ...requirement });
  }

  /** Applies a change of Ada's that asks nobody, or that everybody who is asked approves. */
  async applied(mutations: readonly Json[]): Promise<void> {
    const changeSet = await this.edit(mutations, ada);
    const row = await this.as(ada, 'change_set.request_approval', { changeSet });
    if (row.status !== 'Approved')
      for (const by of [ann, bob]) await this.house.attempt('change_set.approve', { changeSet }, by);
    await this.as(ada, 'change_set.apply', { changeSet });
  }
}

export const setText = (component: string, value: string): Json => ({
  kind: 'attribute.set',
  component,
  path: '/domain/text',
  value,
});

export const net = 'changes in view "Net"';
export const data = 'changes in view "Data"';
