// What members of requests mean where a schema only says that they are text or anything: code, templates, policies, edits.
// By the name of the member, behind that of the operation where it means something else there. Each is a list to draw from; a
// function makes one of what there is. What answers tell (ids, names) is not here: see pool.ts.

import { readFileSync } from 'node:fs';
import type { Json } from '../../../src/base/json.ts';
import { functionKinds } from '../../../src/model/function.ts';
import { type Numbers, oneOf } from '../../laws/numbers.ts';
import { terraformState } from '../terraform_state.ts';

/** What a word can be made of. */
export interface Things {
  readonly next: Numbers;
  /** A name that nothing has. */
  fresh(): string;
  /** Something that there is, of the kind of pool.ts. */
  some(kind: string): string;
  /** A folder that the server may write to. */
  readonly folder: string;
  /** What an operation has answered as a whole; undefined: nothing yet. */
  whole(id: string): Json | undefined;
}

type Word = Json | ((things: Things) => Json | undefined);
type Words = Readonly<Record<string, readonly Word[]>>;

const named: Word = (t) => t.fresh();
const component: Word = (t) => oneOf(t.next, [t.some('component'), t.some('component'), 'net', 'sub']);
const box = (t: Things) => ({ kind: 'component.create', schema: 'Box', name: t.fresh() });
const sized = (t: Things) => ({ '/domain/Size': t.next() % 9 });
const follows: Json = { '/domain/Note': { $source: { component: 'net', path: '/domain/Note' } } };
const attributes: readonly Word[] = [
  sized,
  follows,
  { '/domain/Note': 'said' },
  { '/domain/Tags': { a: 'b' } },
  { '/domain/Note': { $source: null } },
  {},
];
const main = (text: string) => `function main(input) {\n  ${text}\n}`;
const definition = (more = '') => `function main() {
  const text = (name) => new PropBuilder().setName(name).setKind('string').build();
  return new AssetBuilder().addProp(text('url'))${more}.build();
}`;
const definitions = [definition(), definition(".addProp(text('note'))")];
const code = [main("return { status: 'ok' };"), main("return { result: 'success' };"), main('return null;')];
const always = { from: '2000-01-01T00:00', to: '2999-01-01T00:00' };
const never = { from: '2998-01-01T00:00', to: '2999-01-01T00:00' };
const weekly = { days: ['sun'], at: '03:30', hours: 0.1, timeZone: 'Europe/Zurich', reason: 'rest' };
/** Nothing comes to its time while it is tried. */
const weekMs = 7 * 24 * 3_600_000;
const content = { user: 'u', password: 'hush' };
const network = readFileSync(new URL('../../../examples/network.yaml', import.meta.url), 'utf8');
const small = JSON.stringify({
  Resources: { Net: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } } },
});
const state = JSON.stringify(terraformState);
const template = `const template = {
  inputs: { zones: { kind: 'array', items: { kind: 'string' } } },
  components: ({ inputs }) => (inputs.zones ?? ['z']).map((z) => ({ component: 'zone-' + z, schema: 'Box', attributes: { '/domain/Note': z } })),
};`;
const readers = ['read', 'edit', 'apply', 'approve', 'manage'];

/** One edit, by what it is about. */
const mutations: readonly ((t: Things) => Json)[] = [
  box,
  (t) => ({ ...box(t), attributes: sized(t) }),
  (t) => ({ kind: 'component.rename', component: oneOf(t.next, ['sub', t.some('component')]), name: t.fresh() }),
  (t) => ({ kind: 'component.delete', component: t.some('component') }),
  (t) => ({ kind: 'attribute.set', component: 'net', path: '/domain/Size', value: t.next() % 9 }),
  (t) => ({ kind: 'attribute.set', component: t.some('component'), path: '/domain/Note', value: t.fresh() }),
  (t) => ({ kind: 'map.put', component: 'net', path: '/domain/Tags', key: t.fresh(), value: 'x' }),
  (t) => ({ kind: 'view.create', name: t.fresh() }),
  (t) => ({ kind: 'view.add_component', view: t.some('view'), component: 'net' }),
  () => ({ kind: 'depends_on.add', component: 'sub', on: 'net' }),
  (t) => ({ kind: 'component.protect', component: 'sub', on: t.next() % 2 === 0 }),
  () => ({ kind: 'action.hold', component: 'net', action: 'update' }),
  (t) => ({
    kind: 'function.create',
    name: t.fresh(),
    functionKind: oneOf(t.next, functionKinds),
    text: oneOf(t.next, code),
  }),
];

/** By `Group.operation member`, or by the member alone. */
const meant: Words = {
  ...Object.fromEntries(
    ['ChangeSets.renameChangeSet', 'ChangeSets.createChangeSet'].map((id) => [`${id} changeSetName`, [named]]),
  ),
  name: [named, named, named, 'net', 'Other'],
  'WorkspaceManagement.updateWorkspace displayName': [named, 'other', ' '],
  'WorkspaceManagement.createWorkspace displayName': [named, named, 'other'],
  displayName: [named, named, 'default', null],
  prefix: [named, 'copy of '],
  attributes,
  mutations: [(t) => [oneOf(t.next, mutations)(t)], (t) => [oneOf(t.next, mutations)(t), box(t)]],
  code,
  kind: [...functionKinds],
  'Schemas.createVariantAction kind': ['Create', 'Update', 'Destroy', 'Refresh', 'Manual'],
  ...Object.fromEntries(
    ['createSchema', 'updateSchemaVariant', 'checkDefinition'].map((o) => [`Schemas.${o} code`, [...definitions, 'x']]),
  ),
  color: ['#112233'],
  propId: ['/domain/url', '/domain/note', '/domain/Note'],
  argumentBindings: [[], [], [{ name: 'size', kind: 'integer', staticValue: 1 }]],
  'Schemas.createVariantAttribute componentId': [null],
  arguments: [[]],
  path: ['/domain/Size', '/domain/Note', '/si/name', '/domain', '/', '/domain/Mode'],
  paths: [['/domain/Size'], ['/domain/Mode']],
  component: [component],
  componentId: [component],
  components: [(t) => [t.some('component')], ['net', 'sub']],
  'Components.declareComponents components': [
    (t) => [{ component: t.fresh(), schema: 'Box', attributes: sized(t) }],
    (t) => [{ component: 'sub', schema: 'Box', attributes: sized(t) }],
  ],
  'Components.duplicateComponents components': [(t) => [t.some('component')], ['net']],
  'Templates.runTemplate text': [template, template, 'const template = {};'],
  'Templates.describeTemplate text': [template, 'const template = {};'],
  'Templates.runTemplate inputs': [{}, { zones: ['a', 'b'] }, { zones: 1 }],
  'Templates.importCloudFormation text': [small, network, '['],
  'Templates.importCloudFormation name': ['network', 'other'],
  'Templates.importCloudFormation moved': [{}],
  'Templates.exportCloudFormation name': ['network'],
  'Templates.importTerraform text': [state, '{}'],
  text: [
    'permit (principal == Headwater::User::"eve", action, resource);',
    'forbid (principal == Headwater::User::"nobody", action, resource);',
    'no policy',
  ],
  operation: ['submit', 'component.list', 'change_set.get', 'explain', 'view.list'],
  user: ['eve', 'ada'],
  agent: [true, false],
  'WorkspaceManagement.removeMember email': ['eve', 'bob', 'ada', ''],
  email: ['eve', 'bob', named, ''],
  userId: ['eve', 'bob', 'ada'],
  scopes: [['read'], readers],
  expiresAtMs: [32_503_680_000_000],
  reach: ['workspace', 'memberships'],
  'Operations.callOperation changeSet': [(t) => t.some('changeset')],
  'ScheduledApplies.scheduleApply at': [() => Date.now() + weekMs, () => new Date(Date.now() + weekMs).toISOString()],
  url: ['https://hooks.invalid/x', 'http://127.0.0.1:9/hook', 'nowhere'],
  'Webhooks.createWebhook kinds': [['apply'], null],
  kinds: ['apply', 'mutation,run'],
  destination: [(t) => `${t.folder}/${t.fresh()}`],
  q: ['schema:Box', '*', 'name:net', 'net'],
  query: ['schema:Box', 'name:net'],
  queryString: ['schema:Box', 'name:sub', null],
  schemaCategory: ['AWS::EC2', null],
  category: ['AWS::EC2', 'Mine'],
  schema: ['Box', 'Box', (t) => t.some('schema')],
  schemaName: ['Box', 'Box', (t) => t.some('schema'), 'AWS::EC2::VPC'],
  'Resources.listResources schema': ['Thing', 'Thing', 'Box'],
  'Resources.importResources schema': ['Thing', 'Thing', 'Box'],
  'Resources.importResources resourceIds': [['t-2'], ['t-3']],
  names: [(t) => ({ 't-2': t.fresh() }), {}],
  domain: [{}],
  secrets: [{}, { Login: null }],
  schemaVariantId: [(t) => t.some('variant')],
  handler: ['main'],
  definitionName: ['Login', 'Elsewhere'],
  rawData: [content, {}, null],
  from: [null, null, null, { password: 'env:HW_FUZZ' }],
  document: [(t) => t.whole('ChangeSets.exportChangeSet')],
  plan: [(t) => t.whole('ChangeSets.planChangeSet')],
  ids: [null, {}],
  pkg_spec: [(t) => t.whole('Schemas.exportSchema'), { format: 'none' }],
  edits: [(t) => [t.some('edit')], ['1'], null],
  'ChangeSets.blastRadius edits': [[{ component: 'net', path: '/domain/Size' }]],
  undo: [null, 2, 3],
  into: [(t) => t.some('changeset')],
  viewName: ['Other', 'Other', null],
  view: ['Other', (t) => t.some('view')],
  views: [['Other']],
  newerThanMs: [0, 60_000],
  everyMs: [3_600_000, 0, null],
  waitMs: [0, 50],
  first: [1, 2, null],
  last: [null, 2],
  limit: [5, 300],
  'Components.listComponents limit': ['5'],
  'Schemas.listSchemas limit': ['5'],
  'State.readState limit': ['5'],
  report: ['all is well'],
  provider: ['local', 'none'],
  function: ['box-manual', 'manage', (t) => t.some('func')],
  'PlanPolicies.bindPlanPolicy function': ['judge', 'manage'],
  'PlanPolicies.unbindPlanPolicy function': ['judge', 'manage'],
  'Components.refreshLookups path': [null, '/domain/Seen'],
  managedBy: [null, (t) => ({ component: t.some('component') })],
  managementFunction: [
    { function: 'manage' },
    { function: 'own management' },
    (t) => ({ managementPrototypeId: t.some('binding') }),
    {},
  ],
  managementPrototypeId: [(t) => t.some('binding')],
  actionPrototypeId: [(t) => t.some('binding')],
};

/** Bodies whose members only mean something together. */
const bodies: Words = {
  'FreezeWindows.setFreezeWindow': [never, never, weekly, always],
  'Budgets.setBudgets': [
    { format: 1, roles: {}, tokens: {} },
    { format: 1, roles: { viewer: { changedComponentsMax: 0 } }, tokens: {} },
  ],
  'Operations.callOperation': [
    {},
    (t) => ({ changeSet: t.some('changeset') }),
    (t) => ({ changeSet: t.some('changeset'), mutations: [oneOf(t.next, mutations)(t)] }),
    (t) => ({ changeSet: t.some('changeset'), component: 'net', path: '/domain/Size' }),
  ],
  'Audit.verifyAudit': [{}],
  'Upkeep.verify': [{}],
};

function drawn(words: readonly Word[] | undefined, things: Things): Json | undefined {
  if (words === undefined) return undefined;
  const word = oneOf(things.next, words);
  return typeof word === 'function' ? word(things) : word;
}

/** What a member of a request is taken to be; undefined: nothing in particular. */
export function wordFor(id: string, member: string, things: Things): Json | undefined {
  return drawn(meant[`${id} ${member}`] ?? meant[member], things);
}

export function bodyFor(id: string, things: Things): Json | undefined {
  return drawn(bodies[id], things);
}
