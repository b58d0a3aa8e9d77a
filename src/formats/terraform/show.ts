// The state as `terraform show -json` prints it: modules within modules, each with its resources' instances. Knows the
// form only; what is managed and what is secret is `file_reader.ts`.

import type { Json, JsonObject } from '../../base/json.ts';
import { addressOf, keyText, withoutKeys } from './address.ts';
import { keyAt, listAt, malformed, member, mustObject, mustTextAt, objectAt, rest, textAt, textsAt } from './fields.ts';
import { FileReader } from './file_reader.ts';
import { maskOfValues } from './secret.ts';

const read = ['address', 'mode', 'type', 'name', 'index', 'values', 'sensitive_values', 'depends_on', 'deposed_key'];

export function readShow(file: JsonObject): ReturnType<FileReader['file']> {
  const version = textAt(file, 'format_version', '');
  if (!/^[01]\.\d+$/.test(version)) {
    throw malformed({
      path: '/format_version',
      expected: 'format version 0 or 1',
      got: JSON.stringify(version.slice(0, 20)),
      hint: 'print the state with a release of Terraform whose format is version 1',
    });
  }
  const reader = new FileReader();
  // Nothing at all: the state is empty.
  const values = objectAt(file, 'values', '');
  const root = member(values, 'root_module');
  const beside = rest(values, ['root_module', 'outputs']);
  if (root !== undefined) readModule(reader, root, '/values/root_module', '');
  return reader.file('show', {
    head: {
      ...reader.open(rest(file, ['values']), ''),
      ...(Object.keys(beside).length === 0 ? {} : { values: reader.open(beside, '/values') }),
    },
    outputs: objectAt(values, 'outputs', '/values'),
    outputsAt: '/values/outputs',
  });
}

function readModule(reader: FileReader, json: Json, at: string, address: string): void {
  const module = mustObject(json, at, 'a module: an object');
  listAt(module, 'resources', at).forEach((resource, i) => {
    readResource(reader, resource, `${at}/resources/${i}`, address);
  });
  listAt(module, 'child_modules', at).forEach((child, i) => {
    const below = `${at}/child_modules/${i}`;
    const named = mustTextAt(mustObject(child, below, 'a module: an object'), 'address', below);
    readModule(reader, child, below, named);
  });
  for (const name of Object.keys(rest(module, ['resources', 'child_modules', 'address'])))
    reader.note(`${at}/${name}`, 'not known of a module: left out');
}

function readResource(reader: FileReader, json: Json, at: string, module: string): void {
  const resource = mustObject(json, at, 'a resource: an object');
  const type = mustTextAt(resource, 'type', at);
  const key = keyAt(resource, 'index', at);
  if (!reader.isManaged(mustTextAt(resource, 'mode', at), at)) return;
  const config = addressOf(module, type, mustTextAt(resource, 'name', at));
  if (reader.isDeposed(textAt(resource, 'deposed_key', at), at)) return;
  const dependencies = textsAt(resource, 'depends_on', at);
  reader.add(
    {
      // The address as printed lacks the key in early releases.
      address: config + keyText(key),
      config: withoutKeys(config),
      module,
      type,
      key,
      at,
      attributesAt: `${at}/values`,
      flat: false,
      dependencies,
      needs: dependencies.map((address) => [withoutKeys(address)]),
      tainted: member(resource, 'tainted') === true,
      more: reader.open(rest(resource, read), at),
    },
    objectAt(resource, 'values', at),
    maskOfValues(member(resource, 'sensitive_values')),
  );
}
