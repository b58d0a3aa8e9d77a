// Who may do what: a line for each operation of the engine, written by hand from what the operation does. `+` is let
// through, `-` is refused `access_denied`. In their own workspace: the members of each role with a token that has all their
// role lets them do; an `agent` and a `reader` (a token with the scope read) of an owner; `inst`, a token of an owner for the
// whole installation. `away`: all of these in another workspace; `.` where the operation is about no one workspace. Last, what
// those get who are let through: `ok`, or the refusal that the fixture leads to. A case of an operation stands behind its `#`.

export const columns = ['viewer', 'collab', 'approver', 'owner', 'agent', 'reader', 'inst'] as const;
export type Column = (typeof columns)[number];

export interface Line {
  readonly operation: string;
  /** Operation, and its case. */
  readonly title: string;
  readonly may: Readonly<Record<Column, boolean>>;
  /** The same in another workspace; undefined: it is about none. */
  readonly away: boolean | undefined;
  readonly answer: string;
}

const table = `
operation                    viewer collab approver owner agent reader inst away answer

# Workspaces: made, removed and brought back by who has the installation; described by all, changed by owners.
workspace.list                 +      +       +       +     +     +     +    .   ok
workspace.create               -      -       -       -     -     -     +    .   ok
workspace.restore              -      -       -       -     -     -     +    .   workspace_not_found
workspace.get                  +      +       +       +     +     +     +    -   ok
workspace.update               -      -       -       +     +     -     +    -   ok
workspace.remove               -      -       -       -     -     -     +    -   ok

# Members and budgets are read by all and changed by owners, and by no agent: they decide on what it does, and bound it. Everybody may leave, but not by a token that only reads.
member.list                    +      +       +       +     +     +     +    -   ok
member.set                     -      -       -       +     -     -     +    -   ok
member.remove                  -      -       -       +     -     -     +    -   ok
member.invite                  -      -       -       +     -     -     +    -   ok
member.role                    -      -       -       +     -     -     +    -   ok
member.leave                   +      +       +       +     +     -     +    -   ok
budget.get                     +      +       +       +     +     +     +    -   ok
budget.set                     -      -       -       +     -     -     +    -   ok

# Policies are read by those whom they refuse; changed and tried by owners, and changed by no agent, which they may be there for.
policy.list                    +      +       +       +     +     +     +    -   ok
policy.set                     -      -       -       +     -     -     +    -   ok
policy.remove                  -      -       -       +     -     -     +    -   ok
policy.test                    -      -       -       +     +     -     +    -   ok

# So are policies over plans, and freeze windows, which keep agents from applying.
plan_policy.list               +      +       +       +     +     +     +    -   ok
plan_policy.bind               -      -       -       +     -     -     +    -   function_not_found
plan_policy.unbind             -      -       -       +     -     -     +    -   plan_policy_not_found
plan_policy.plan               +      +       +       +     +     +     +    -   ok
plan_policy.check              +      +       +       +     +     +     +    -   ok
freeze.list                    +      +       +       +     +     +     +    -   ok
freeze.set                     -      -       -       +     -     -     +    -   ok
freeze.remove                  -      -       -       +     -     -     +    -   freeze_window_not_found

# Webhooks send what happens to somebody outside: told to all, made and steered by owners.
webhook.list                   +      +       +       +     +     +     +    -   ok
webhook.create                 -      -       -       +     +     -     +    -   ok
webhook.remove                 -      -       -       +     +     -     +    -   webhook_not_found
webhook.enable                 -      -       -       +     +     -     +    -   webhook_not_found
webhook.test                   -      -       -       +     +     -     +    -   webhook_not_found

# Tokens for oneself are for everybody; of others for owners, and only for agents. One that only reads makes and revokes none.
token.list                     +      +       +       +     +     +     +    -   ok
token.create                   +      +       +       +     +     -     +    -   ok
token.create#for an agent      -      -       -       +     +     -     +    -   ok
token.revoke#one's own         +      +       +       +     +     -     +    -   ok
token.revoke#of another        -      -       -       +     +     -     +    -   ok

# Change sets: opened and edited from collaborators on, looked at by all.
change_set.list                +      +       +       +     +     +     +    -   ok
change_set.get                 +      +       +       +     +     +     +    -   ok
change_set.review              +      +       +       +     +     +     +    -   ok
change_set.plan                +      +       +       +     +     +     +    -   ok
change_set.outcome             +      +       +       +     +     +     +    -   change_set_not_applied
change_set.receipt             +      +       +       +     +     +     +    -   ok
change_set.export              +      +       +       +     +     +     +    -   ok
change_set.approvals           +      +       +       +     +     +     +    -   ok
change_set.merge_status        +      +       +       +     +     +     +    -   ok
change_set.actions             +      +       +       +     +     +     +    -   ok
diff                           +      +       +       +     +     +     +    -   ok
change_set.create              -      +       +       +     +     -     +    -   ok
change_set.rename              -      +       +       +     +     -     +    -   ok
change_set.split               -      +       +       +     +     -     +    -   ok
change_set.promote             -      +       +       +     +     -     +    -   ok
change_set.revert              -      +       +       +     +     -     +    -   ok
change_set.abandon             -      +       +       +     +     -     +    -   ok
change_set.reopen              -      +       +       +     -     -     +    -   ok
change_set.purge               -      +       +       +     +     -     +    -   ok
change_set.request_approval    -      +       +       +     +     -     +    -   ok
change_set.steer_action        -      +       +       +     +     -     +    -   action_not_found
change_set.add_action          -      +       +       +     +     -     +    -   function_not_found
submit                         -      +       +       +     +     -     +    -   ok
template.describe              +      +       +       +     +     +     +    -   runner_unavailable
template.run                   -      +       +       +     +     -     +    -   runner_unavailable
change_set.edits               +      +       +       +     +     +     +    -   ok
change_set.undo                -      +       +       +     +     -     +    -   ok
change_set.redo                -      +       +       +     +     -     +    -   edit_not_found
change_set.pick                -      +       +       +     +     -     +    -   ok

# Applying what needs no approval, deciding (for people), and going ahead without: the last is for people who own.
change_set.apply               -      +       +       +     +     -     +    -   ok
apply.schedule                 -      +       +       +     +     -     +    -   ok
apply.scheduled                +      +       +       +     +     +     +    -   ok
apply.unschedule               -      +       +       +     +     -     +    -   schedule_not_found
change_set.approve             -      -       +       +     -     -     +    -   ok
change_set.approve#who is named +     +       +       +     -     -     +    -   ok
change_set.reject              -      -       +       +     -     -     +    -   ok
change_set.withdraw#one's own  -      +       +       +     +     -     +    -   ok
change_set.withdraw#another's  -      -       -       +     +     -     +    -   ok
change_set.force_apply         -      -       -       +     -     -     +    -   ok

# Components and views: looked at by all.
component.get                  +      +       +       +     +     +     +    -   ok
component.search               +      +       +       +     +     +     +    -   ok
component.describe             +      +       +       +     +     +     +    -   ok
component.resource             +      +       +       +     +     +     +    -   resource_not_found
component.list                 +      +       +       +     +     +     +    -   ok
state.read                     +      +       +       +     +     +     +    -   ok
component.match                +      +       +       +     +     +     +    -   ok
component.graph                +      +       +       +     +     +     +    -   ok
component.history              +      +       +       +     +     +     +    -   ok
component.suggest              +      +       +       +     +     +     +    -   ok
component.bulk_set             -      +       +       +     +     -     +    -   ok
component.declare              -      +       +       +     +     -     +    -   ok
lookup.refresh                 -      +       +       +     +     -     +    -   not_a_lookup
component.declared             +      +       +       +     +     +     +    -   ok
component.duplicate            -      +       +       +     +     -     +    -   ok
view.list                      +      +       +       +     +     +     +    -   ok
view.get                       +      +       +       +     +     +     +    -   ok

# Schemas: looked at by all; what runs a text that somebody gives is for those who edit.
schema.search                  +      +       +       +     +     +     +    -   ok
schema.describe                +      +       +       +     +     +     +    -   ok
schema.list                    +      +       +       +     +     +     +    -   ok
schema.get                     +      +       +       +     +     +     +    -   ok
schema.variant                 +      +       +       +     +     +     +    -   ok
schema.package                 +      +       +       +     +     +     +    -   function_not_found
schema.source                  +      +       +       +     +     +     +    -   function_not_found
schema.declarations            +      +       +       +     +     +     +    -   runner_unavailable
schema.contribute              +      +       +       +     +     +     +    -   operation_not_supported
schema.check                   -      +       +       +     +     -     +    -   runner_unavailable
schema.author                  -      +       +       +     +     -     +    -   runner_unavailable
schema.update_variant          -      +       +       +     +     -     +    -   locked
schema.install                 -      +       +       +     +     -     +    -   ok
schema.unlock                  -      +       +       +     +     -     +    -   ok
schema.add_function            -      +       +       +     +     -     +    -   ok
schema.detach_function         -      +       +       +     +     -     +    -   binding_not_found
schema.install_package         -      +       +       +     +     -     +    -   request_malformed
schema.set_refresh             -      +       +       +     +     -     +    -   ok

# Functions and their runs.
function.list                  +      +       +       +     +     +     +    -   ok
function.get                   +      +       +       +     +     +     +    -   ok
function.check                 +      +       +       +     +     +     +    -   runner_unavailable
function.declarations          +      +       +       +     +     +     +    -   runner_unavailable
function.test                  -      +       +       +     +     -     +    -   runner_unavailable
function.unlock                -      +       +       +     +     -     +    -   schema_not_found
management.run                 -      +       +       +     +     -     +    -   function_not_found
management.start               -      +       +       +     +     -     +    -   function_not_found
management.state               +      +       +       +     +     +     +    -   run_not_found
debug.start                    -      +       +       +     +     -     +    -   ok
debug.state                    +      +       +       +     +     +     +    -   run_not_found
run.list                       +      +       +       +     +     +     +    -   ok
run.get                        +      +       +       +     +     +     +    -   run_not_found
run.view                       +      +       +       +     +     +     +    -   run_not_found
run.log                        +      +       +       +     +     +     +    -   run_not_found
run.statistics                 +      +       +       +     +     +     +    -   ok
run.kill                       -      +       +       +     +     -     +    -   run_not_found
run.prune                      -      -       -       +     +     -     +    -   ok
memo.clear                     -      -       -       +     +     -     +    -   ok
explain                        +      +       +       +     +     +     +    -   ok
why                            +      +       +       +     +     +     +    -   ok
blast_radius                   +      +       +       +     +     +     +    -   ok

# Actions change reality: for those who may apply. What has ended is forgotten by who maintains.
action.list                    +      +       +       +     +     +     +    -   ok
action.pending                 +      +       +       +     +     +     +    -   ok
action.get                     +      +       +       +     +     +     +    -   action_not_found
action.hold                    -      +       +       +     +     -     +    -   action_not_found
action.release                 -      +       +       +     +     -     +    -   action_not_found
action.cancel                  -      +       +       +     +     -     +    -   action_not_found
action.retry                   -      +       +       +     +     -     +    -   action_not_found
action.signal                  -      +       +       +     +     -     +    -   action_not_found
action.request                 -      +       +       +     +     -     +    -   not_ready
action.run                     -      +       +       +     +     -     +    -   ok
action.prune                   -      -       -       +     +     -     +    -   ok

# Drift is looked at by all; deciding about it is an edit.
drift.list                     +      +       +       +     +     +     +    -   ok
drift.get                      +      +       +       +     +     +     +    -   ok
drift.accept                   -      +       +       +     +     -     +    -   ok
drift.enforce                  -      +       +       +     +     -     +    -   ok

# In and out. What a provider has is asked with the secrets of the workspace, so it is for those who may use them.
import.cloudformation          -      +       +       +     +     -     +    -   ok
import.terraform               -      +       +       +     +     -     +    -   ok
export.cloudformation          +      +       +       +     +     +     +    -   component_not_found
resource.list                  -      +       +       +     +     -     +    -   function_not_found
resource.import                -      +       +       +     +     -     +    -   function_not_found
provider.list                  +      +       +       +     +     +     +    -   ok
provider.install               -      +       +       +     +     -     +    -   provider_not_found
policy_report.list             +      +       +       +     +     +     +    -   ok
policy_report.groups           +      +       +       +     +     +     +    -   ok
policy_report.get              +      +       +       +     +     +     +    -   policy_report_not_found
policy_report.upload           -      +       +       +     +     -     +    -   ok

# Secrets: nobody reads their contents. Keys are for owners, that of the installation
# for who has it and owns every workspace, since all their secrets are under it.
secret.list                    +      +       +       +     +     +     +    -   ok
secret.definitions             +      +       +       +     +     +     +    -   ok
secret.get                     +      +       +       +     +     +     +    -   secret_not_found
secret.public_key              +      +       +       +     +     +     +    -   ok
secret.set                     -      +       +       +     +     -     +    -   ok
secret.use                     -      +       +       +     +     -     +    -   secret_not_found
secret.rotate                  -      -       -       +     +     -     +    -   ok
secret.collect                 -      -       -       +     +     -     +    -   ok
secret.rekey                   -      -       -       -     -     -     -    .   ok
secret.rekey#owner everywhere  -      -       -       -     -     -     +    .   ok

# What was done, and the store.
audit.list                     +      +       +       +     +     +     +    -   ok
audit.verify                   +      +       +       +     +     +     +    -   ok
verify                         +      +       +       +     +     +     +    -   ok
statistics                     +      +       +       +     +     +     +    -   ok
events.read                    +      +       +       +     +     +     +    -   ok
gc                             -      -       -       +     +     -     +    -   ok
backup                         -      -       -       -     -     -     +    -   store_failed
`;

/** The lines of the table. Throws on one that does not read as the head says. */
export function matrixLines(text = table): readonly Line[] {
  return text
    .split('\n')
    .filter((l) => l !== '' && !l.startsWith('#') && !l.startsWith('operation '))
    .map((l) => {
      const found = /^(\S+(?: \S+)*?) +((?:[+-] +){7})([.+-]) +(\S+)$/.exec(l);
      if (found === null) throw new Error(`not a line of the matrix: ${l}`);
      const [, title = '', cells = '', away, answer = ''] = found;
      const marks = cells.trim().split(/ +/);
      return {
        operation: title.split('#')[0]!,
        title,
        may: Object.fromEntries(columns.map((c, i) => [c, marks[i] === '+'])) as Record<Column, boolean>,
        away: away === '.' ? undefined : away === '+',
        answer,
      };
    });
}
