// The operations that take other descriptions of infrastructure in and write them out: texts on one side, a change set on the
// other.

import { changeSetOf, type Handler, inState, inWorkspace, type Params, text, textsOf } from './operation.ts';
import { exportTemplateOf, importTemplate } from './template.ts';
import { importTerraform } from './terraform.ts';
import type { Workspace } from './workspace.ts';

export const importOperations = {
  /** `moved`: logical ids in the template as it was -> those of the same resources now. */
  'import.cloudformation': (c, p) =>
    inWorkspace(c, p, async (w) =>
      importTemplate(c.engine, w, c.principal, {
        ...(await described(w, p)),
        moved: textsOf(p, 'moved'),
      }),
    ),
  /** `text`: a state of version 4, or what `terraform show -json` prints. */
  'import.terraform': (c, p) =>
    inWorkspace(c, p, async (w) => importTerraform(c.engine, w, c.principal, await described(w, p))),
  'export.cloudformation': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() =>
        exportTemplateOf(
          s.snapshot,
          p['name'] === undefined ? undefined : text(p, 'name'),
          p['format'] === 'yaml' ? 'yaml' : 'json',
        ),
      ),
    ),
} satisfies Record<string, Handler>;

async function described(w: Workspace, p: Params) {
  return {
    changeSet: await changeSetOf(w, p),
    text: text(p, 'text'),
    name: text(p, 'name'),
    ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
  };
}
