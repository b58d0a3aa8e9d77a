// What both forms of a state have in common: which objects are managed, what is told of those that are not, and how
// secrets are taken out of attributes and outputs.

import type { Json, JsonObject } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import { mustObject } from './fields.ts';
import type { Instance, Note, StateFile } from './model.ts';
import { type Mask, withoutSecrets } from './secret.ts';

export class FileReader {
  private readonly instances: Instance[] = [];
  private readonly notes: Note[] = [];
  private dataSources = 0;
  private secrets = 0;

  note(path: string, reason: string): void {
    this.notes.push({ path, reason });
  }

  /** Only managed resources become components; the others are told. */
  isManaged(mode: string, at: string): boolean {
    if (mode === 'managed') return true;
    if (mode === 'data') this.dataSources++;
    const what =
      mode === 'data' ? 'a data source is read, not managed' : `of mode ${JSON.stringify(mode.slice(0, 40))}`;
    this.note(at, `${what}: left out`);
    return false;
  }

  /** What is left of a resource that has been replaced is not the resource. */
  isDeposed(key: string, at: string): boolean {
    if (key === '') return false;
    this.note(at, 'what was replaced and still has to be destroyed: left out, the resource may be there');
    return true;
  }

  /** Members that the form does not fix, without what is secret by its name. */
  open(members: JsonObject, at: string): JsonObject {
    return this.withoutSecrets('', members, {}, at);
  }

  private withoutSecrets(type: string, members: JsonObject, mask: Mask, at: string): JsonObject {
    const open = withoutSecrets(type, members, mask, at);
    this.secrets += open.notes.length;
    this.notes.push(...open.notes);
    return open.attributes;
  }

  add(instance: Omit<Instance, 'attributes'>, attributes: JsonObject, mask: Mask): void {
    const open = this.withoutSecrets(instance.type, attributes, mask, instance.attributesAt);
    if (instance.tainted) this.note(instance.at, 'tainted: its creation did not come to its end');
    if (instance.flat)
      this.note(instance.attributesAt, 'attributes as Terraform 0.11 wrote them: all text, not those of a known type');
    this.instances.push({ ...instance, attributes: open });
  }

  file(
    form: StateFile['form'],
    of: { readonly head: JsonObject; readonly outputs: JsonObject; readonly outputsAt: string },
  ): StateFile {
    const outputs = Object.entries(of.outputs).map(([name, json]): [string, Json] => {
      const at = of.outputsAt + pointerOf([name]);
      const output = mustObject(json, at, 'an output: an object');
      if ((output['sensitive'] ?? false) === false) return [name, this.open(output, at)];
      this.secrets++;
      this.note(at, 'an output marked as sensitive: left out');
      return [name, { sensitive: true }];
    });
    return {
      form,
      head: of.head,
      outputs: Object.fromEntries(outputs),
      instances: this.instances,
      dataSources: this.dataSources,
      secrets: this.secrets,
      notes: this.notes,
    };
  }
}
