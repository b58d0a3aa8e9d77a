// Starting functions that are looked at later. A management function is carried out as ever, by `runManagement`, only that nobody
// waits for it. A debug function is a text that is not saved: it is run on a component, with the secrets that functions of the
// component get, gives its result to nobody, and changes nothing in the model.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import { canonical, checkJson, isObject, type Json } from '../base/json.ts';
import { ok, type Result, refusalText, refuse } from '../base/result.ts';
import { resolveComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { presentOf } from './catch_up.ts';
import { type ManagementAsk, type ManagementReply, runManagement } from './management.ts';
import { permit } from './permit.ts';
import { checkOpen } from './submit.ts';
import { type OpenTicket, openTicket } from './tickets.ts';
import type { Workspace } from './workspace.ts';

export interface Started {
  readonly ticket: string;
}

/**
 * Answers once the function is sure to run. Refuses what `runManagement` refuses before that, `already_running` among it; what
 * comes later is the ticket's failure.
 */
export function startManagement(
  w: Workspace,
  principal: Principal,
  ask: Omit<ManagementAsk, 'dryRun' | 'idempotencyKey'>,
): Promise<Result<Started>> {
  return new Promise((answer, fail) => {
    let ticket: OpenTicket | undefined;
    const ended = async (result: Result<ManagementReply>): Promise<void> => {
      if (ticket !== undefined) await ticket.ends(result.ok ? null : refusalText(result.refusal));
      else if (!result.ok) answer(result);
    };
    const watch = {
      prepared: async () => {
        ticket = await openTicket(w, 'management', ask.changeSet);
        answer(ok({ ticket: ticket.id }));
      },
      begins: (run: RunId) => ticket?.begins(run),
      operates: () => ticket?.operates(),
    };
    runManagement(w, principal, { ...ask, dryRun: false, watch }).then(ended, (e: unknown) => {
      if (ticket === undefined) fail(e);
      else void ticket.ends(e instanceof Error ? e.message : String(e));
    });
  });
}

export interface DebugAsk {
  readonly changeSet: ChangeSetId;
  /** Shown with its run. */
  readonly name: string;
  readonly text: string;
  /** The function of the text that is called. */
  readonly handler: string;
  /** By id or name. */
  readonly component: string;
  readonly input?: Json;
}

/**
 * Runs a text on a component: its function gets `{component, debugInput}`. Refuses `access_denied`, `head_is_read_only`,
 * `change_set_not_open`, `component_not_found`, `ambiguous_name`, `request_malformed`, and `function_invalid` for a text that does not compile.
 */
export async function startDebug(w: Workspace, principal: Principal, ask: DebugAsk): Promise<Result<Started>> {
  const may = await permit(w, principal, 'edit', { operation: 'run a debug function', subject: ask.component });
  if (!may.ok) return may;
  const source = callingHandler(ask);
  if (!source.ok) return source;
  const debugInput = ask.input ?? null;
  const checked = checkJson(debugInput, 'debugInput');
  if (!checked.ok) return checked;
  const now = await presentOf(w, ask.changeSet);
  if (!now.ok) return now;
  const { branch } = now.value;
  const open = checkOpen(branch);
  if (!open.ok) return open;
  const given = await w.read(() => {
    const id = resolveComponent(branch.snapshot, ask.component);
    return id.ok ? ok({ id: id.value, whole: w.propagation.view(branch, id.value).value }) : id;
  });
  if (!given.ok) return given;
  const { id: component, whole } = given.value;
  const compiles = w.calls.compiler?.compile(source.value, 'attribute');
  if (compiles?.ok === false) return compiles;
  const ticket = await openTicket(w, 'debug', ask.changeSet);
  const shown = isObject(whole) ? { ...whole, properties: whole } : whole;
  void runDebug(w, ticket, {
    text: source.value,
    name: ask.name,
    component,
    changeSet: ask.changeSet,
    actor: principal.id,
    input: canonical({ component: shown, debugInput }),
  });
  return ok({ ticket: ticket.id });
}

interface DebugRun {
  readonly text: string;
  readonly name: string;
  readonly component: ComponentId;
  readonly changeSet: ChangeSetId;
  readonly actor: string;
  readonly input: string;
}

/** Never rejects. */
async function runDebug(w: Workspace, ticket: OpenTicket, of: DebugRun): Promise<void> {
  try {
    const { name, text, component, changeSet, actor, input } = of;
    const started = await w.calls.test(
      {
        // Any value may be its result.
        call: { function: '' as FunctionId, name, kind: 'attribute', text: w.world.digest(text), input },
        at: { component, path: '' as Path },
        changeSet,
        actor,
        source: text,
      },
      // Nobody waits for it, and its state says that it has not begun.
      true,
    );
    if (!started.ok) return await ticket.ends(refusalText(started.refusal));
    ticket.begins(started.value.run);
    const { gave } = await started.value.ended;
    await ticket.ends(gave.state === 'error' ? `${gave.code}: ${gave.message}` : null);
  } catch (e) {
    await ticket.ends(e instanceof Error ? e.message : String(e));
  }
}

/** The text with `main` as what is called. */
function callingHandler({ text, handler }: DebugAsk): Result<string> {
  if (handler === 'main') return ok(text);
  if (/^[A-Za-z_$][\w$]*$/.test(handler))
    return ok(`${text}\nfunction main(input) {\n  return ${handler}(input);\n}\n`);
  return refuse('request_malformed', {
    path: 'handler',
    expected: 'the name of a function in the text',
    got: JSON.stringify(handler),
    hint: 'call it main',
  });
}
