// The text of a state to the managed instances in it. Two forms are read: the state file of version 4 and the state that
// `terraform show -json` prints. Everything else is refused with what to do instead.

import { brief, isObject, type Json } from '../../base/json.ts';
import { attempt, RefusalError, type Result } from '../../base/result.ts';
import { malformed } from './fields.ts';
import type { Instance, StateFile } from './model.ts';
import { readJson } from './read_json.ts';
import { readShow } from './show.ts';
import { readState } from './state_file.ts';

/** Refuses `request_malformed` and `value_not_storable`. */
export function parseState(text: string): Result<StateFile> {
  return attempt(() => {
    const read = readJson(text);
    if (!read.ok) throw new RefusalError(read.refusal);
    const file = fileOf(read.value.json);
    onlyOnce(file.instances);
    return { ...file, notes: [...read.value.notes, ...file.notes] };
  });
}

function fileOf(json: Json): StateFile {
  if (!isObject(json))
    throw malformed({ path: '', expected: 'a state: an object', got: shown(json), hint: 'give the whole file' });
  if (Object.hasOwn(json, 'encrypted_data')) {
    throw malformed({
      path: '/encrypted_data',
      expected: 'a state in the clear',
      got: 'an encrypted one',
      hint: 'give the output of `tofu state pull`',
    });
  }
  if (Object.hasOwn(json, 'planned_values') || Object.hasOwn(json, 'resource_changes')) {
    throw malformed({
      path: '',
      expected: 'a state',
      got: 'a plan',
      hint: 'run `terraform show -json` without the name of a plan',
    });
  }
  if (Object.hasOwn(json, 'format_version')) return readShow(json);
  const version = json['version'];
  if (version === 4) return readState(json);
  const hint =
    version === 1 || version === 2 || version === 3
      ? 'run `terraform state pull` with Terraform 0.12 or newer, which writes version 4, and import what it prints'
      : 'give terraform.tfstate, or what `terraform show -json` prints';
  throw malformed({ path: '/version', expected: 'a state file of version 4', got: shown(version), hint });
}

function onlyOnce(instances: readonly Instance[]): void {
  const seen = new Map<string, string>();
  for (const { address, at } of instances) {
    const first = seen.get(address);
    if (first !== undefined) {
      throw malformed({
        path: at,
        expected: 'one instance of an address',
        got: `${address}, also at ${first}`,
        hint: 'take one of them out of the state',
      });
    }
    seen.set(address, at);
  }
}

/** Numbers are shown; what may hold secrets is only said to be there. */
function shown(json: Json | undefined): string {
  if (Array.isArray(json)) return 'a list';
  if (isObject(json)) return 'an object';
  return json === undefined ? 'nothing' : typeof json === 'string' ? 'a text' : brief(json);
}
