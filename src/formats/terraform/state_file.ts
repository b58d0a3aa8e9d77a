// The state file of version 4, as Terraform 0.12 and later and OpenTofu write it: resources with their instances, each
// named by its module, type, name and key.

import type { Json, JsonObject } from '../../base/json.ts';
import { addressOf, keyText, withoutKeys } from './address.ts';
import { keyAt, listAt, member, mustObject, mustTextAt, objectAt, rest, textAt, textsAt } from './fields.ts';
import { FileReader } from './file_reader.ts';
import type { Instance, StateFile } from './model.ts';
import { maskOfPaths } from './secret.ts';

const resourceMembers = ['module', 'mode', 'type', 'name', 'instances'];
const instanceMembers = [
  'index_key',
  'attributes',
  'attributes_flat',
  'sensitive_attributes',
  'private',
  'dependencies',
  'depends_on',
];

export function readState(file: JsonObject): StateFile {
  const reader = new FileReader();
  listAt(file, 'resources', '').forEach((json, i) => {
    const at = `/resources/${i}`;
    const resource = mustObject(json, at, 'a resource: an object');
    const instances = listAt(resource, 'instances', at);
    if (!reader.isManaged(mustTextAt(resource, 'mode', at), at)) return;
    if (instances.length === 0) reader.note(at, 'a resource without instances: left out');
    instances.forEach((instance, n) => {
      readInstance(reader, { resource, at }, instance, `${at}/instances/${n}`);
    });
  });
  return reader.file('state', {
    head: reader.open(rest(file, ['resources', 'outputs']), ''),
    outputs: objectAt(file, 'outputs', ''),
    outputsAt: '/outputs',
  });
}

function readInstance(
  reader: FileReader,
  { resource, at: from }: { readonly resource: JsonObject; readonly at: string },
  json: Json,
  at: string,
): void {
  const instance = mustObject(json, at, 'an instance: an object');
  const module = textAt(resource, 'module', from);
  const type = mustTextAt(resource, 'type', from);
  const key = keyAt(instance, 'index_key', at);
  const config = addressOf(module, type, mustTextAt(resource, 'name', from));
  if (reader.isDeposed(textAt(instance, 'deposed', at), at)) return;
  const isFlat = (member(instance, 'attributes') ?? null) === null && member(instance, 'attributes_flat') !== undefined;
  const name = isFlat ? 'attributes_flat' : 'attributes';
  if (member(instance, 'private') !== undefined)
    reader.note(`${at}/private`, 'what the provider keeps for itself is left out');
  const other = isFlat ? 'attributes' : 'attributes_flat';
  const more = {
    resource: reader.open(rest(resource, resourceMembers), from),
    instance: reader.open(rest(instance, instanceMembers), at),
  };
  const unread = member(instance, other);
  const dependencies = textsAt(instance, 'dependencies', at);
  const within = textsAt(instance, 'depends_on', at);
  const found: Omit<Instance, 'attributes'> = {
    address: config + keyText(key),
    config: withoutKeys(config),
    module,
    type,
    key,
    at,
    attributesAt: `${at}/${name}`,
    flat: isFlat,
    dependencies: [...dependencies, ...within],
    needs: [
      ...dependencies.map((address) => [withoutKeys(address)]),
      ...within.map(withoutKeys).map((address) => [addressOf(withoutKeys(module), address), address]),
    ],
    tainted: member(instance, 'status') === 'tainted',
    more,
  };
  if (unread !== undefined && unread !== null)
    reader.note(`${at}/${other}`, 'the attributes are there in typed form as well: left out');
  reader.add(found, objectAt(instance, name, at), maskOfPaths(member(instance, 'sensitive_attributes')));
}
