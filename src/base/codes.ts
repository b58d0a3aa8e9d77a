// Every refusal and fault code, in order of precedence where several could apply, with one line each.
// docs/errors.md is generated from this table; a test fails when it is stale or when a code is used nowhere.

export interface CodeLine {
  /** What it means. */
  readonly means: string;
  /** What the caller does next. */
  readonly next: string;
}

/** Refusals: the request is at fault or has lost a race; the state is as before. Listed in order of precedence. */
export const refusalCodes = {
  // the request itself
  request_malformed: {
    means: 'The request is not of the shape the operation takes.',
    next: 'Compare it with the operation’s help or schema.',
  },
  value_not_storable: {
    means: 'A value cannot be carried as canonical JSON.',
    next: 'Send large integers as strings, repair broken text.',
  },
  limit_exceeded: {
    means: 'A size, count or depth is over its bound (docs/reference/limits.md).',
    next: 'Split the request.',
  },
  idempotency_key_reused: {
    means: 'The idempotency key was used before with another request.',
    next: 'Use a new key for a new request.',
  },
  function_invalid: {
    means: 'The text of the function does not compile, or has no main.',
    next: 'Correct it at the line and column named.',
  },
  operations_invalid: {
    means: 'What a management function returned is no batch of operations.',
    next: 'Correct the function at the place in its result that is named.',
  },
  operation_not_supported: {
    means: 'A management function asked for something that has no counterpart here (sockets, frames).',
    next: 'Let it return what the hint says instead.',
  },
  function_failed: {
    means: 'A function that was to be carried out did not come to its end, or said that it cannot.',
    next: 'Read the log of its run, correct the cause and run it again.',
  },
  secret_unreadable: {
    means: 'The sealed content does not open in this workspace.',
    next: 'Seal it again to the workspace’s public key.',
  },
  // finding things
  workspace_not_found: { means: 'No workspace of that id or name.', next: 'List the workspaces.' },
  change_set_not_found: { means: 'No change set of that id or name.', next: 'List the change sets.' },
  version_not_found: {
    means: 'The change set has no such version.',
    next: 'Use a version between 0 and the current one.',
  },
  freeze_window_not_found: { means: 'No freeze window of that name.', next: 'List them: headwater freeze list.' },
  schedule_not_found: {
    means: 'No scheduled apply of that id waits for its time.',
    next: 'List them: headwater change-set scheduled.',
  },
  plan_policy_not_found: {
    means: 'The workspace has no such plan policy.',
    next: 'List them: headwater plan-policy list.',
  },
  webhook_not_found: { means: 'No webhook of that id.', next: 'List them: headwater webhook list.' },
  component_not_found: {
    means: 'No component of that id or name in this change set.',
    next: 'Search for it; it may be in another change set.',
  },
  schema_not_found: {
    means: 'No schema or variant of that id or name, installed or in the catalogue.',
    next: 'Search the catalogue.',
  },
  run_not_found: { means: 'No run of that id; runs are kept for a while only.', next: 'List the runs.' },
  function_not_found: { means: 'No function of that id or name.', next: 'List the functions.' },
  binding_not_found: { means: 'No such function binding.', next: 'List the bindings of the schema.' },
  provider_not_found: { means: 'No provider package of that name.', next: 'List the packages.' },
  view_not_found: { means: 'No view of that id or name.', next: 'List the views.' },
  secret_not_found: { means: 'No secret reference of that id or name.', next: 'List the secrets.' },
  token_not_found: { means: 'The workspace has no such token.', next: 'List the tokens.' },
  member_not_found: { means: 'The workspace has no such member.', next: 'List the members.' },
  requirement_not_found: {
    means: 'The change set has no such requirement at present.',
    next: 'List its approvals.',
  },
  policy_report_not_found: { means: 'The workspace has no such policy report.', next: 'List the policy reports.' },
  action_not_found: { means: 'No such action, or action override.', next: 'List the actions.' },
  resource_not_found: {
    means: 'There is no resource of that id, or the component has none.',
    next: 'List the resources of the schema.',
  },
  element_not_found: { means: 'The list has no such element.', next: 'Read the list again: it may have moved.' },
  path_not_found: {
    means: 'The schema has no property at that path.',
    next: 'Compare the path with the schema’s properties.',
  },
  events_gone: {
    means: 'What came behind that position is not kept any more, or never came.',
    next: 'Read the state anew and follow from the position that the message names.',
  },
  file_not_readable: {
    means: 'A file named in the request cannot be read, or cannot be written.',
    next: 'Check the path and its permissions.',
  },
  ambiguous_name: { means: 'Several things have that name.', next: 'Use the id.' },
  // access
  token_invalid: {
    means: 'The request comes without a token, or with one that is not valid now.',
    next: 'Send Authorization: Bearer TOKEN; make one with headwater token create.',
  },
  login_failed: {
    means:
      'A login with the identity provider did not come to an end that is good: refused there, begun elsewhere, used twice, too old.',
    next: 'Begin it again, in one browser, at the address that the server has for people.',
  },
  access_denied: {
    means: 'The principal’s role, or a policy of the workspace, does not allow this.',
    next: 'Ask an owner of the workspace; the message names the policy.',
  },
  policy_invalid: {
    means: 'A text of policies does not read, or does not fit the schema of policies.',
    next: 'Correct it at the line and column that the message names.',
  },
  secret_source_denied: {
    means: 'A secret refers to something that the owner of the installation does not allow to be read.',
    next: 'Its owner allows it on the machine itself: headwater secret-source allow.',
  },
  head_is_read_only: { means: 'Head changes only by an apply.', next: 'Open a change set and make the edit there.' },
  actions_cycle: {
    means: 'Actions of the change set would wait for each other for ever.',
    next: 'Apply it in two steps, what has to be there before first.',
  },
  action_step_illegal: {
    means: 'The action’s status does not allow this.',
    next: 'Look at the action again; it may have moved meanwhile.',
  },
  change_set_not_open: { means: 'The change set’s status does not allow this.', next: 'Reopen it, or use another.' },
  change_set_not_applied: {
    means: 'The change set has not been applied, so there is no outcome.',
    next: 'Apply it, or apply it again.',
  },
  references_not_found: {
    means: 'A promoted change set refers to what the workspace has not, or has more than once by that name.',
    next: 'Create it, or say which is meant by its id.',
  },
  edit_not_found: {
    means: 'The change set has no such edit, or none that can be undone or put back by the caller.',
    next: 'See what it holds: headwater change-set edits NAME.',
  },
  edit_needed: {
    means: 'Other edits of the change set need the edit that was to be undone.',
    next: 'Undo those too, or ask for it with what needs it.',
  },
  edit_lacks: {
    means: 'An edit needs others that are not picked with it and that the other change set has not.',
    next: 'Pick those too.',
  },
  nothing_to_revert: {
    means: 'The versions named changed nothing that can be taken back.',
    next: 'See the history of Head.',
  },
  not_ready: {
    means: 'Something that the change set’s own edits reach is still being computed.',
    next: 'Wait until it is quiet, or ask the apply to wait.',
  },
  frozen: {
    means: 'A freeze window is in force, in which nothing is applied.',
    next: 'Apply it after the end named, or schedule it; who may force an apply may go ahead.',
  },
  approval_required: {
    means: 'Somebody has to approve parts of the change set first.',
    next: 'Request approval of those who are named.',
  },
  budget_exceeded: {
    means: 'The change set does more than the role or the token may apply.',
    next: 'Split it, or ask somebody with a larger budget to apply it.',
  },
  // schema constraints
  plan_denied: {
    means: 'A plan policy of the workspace denies what the change set would do.',
    next: 'Change what its message is about; or have an owner change or unbind the policy.',
  },
  path_invalid: {
    means: 'The path is not a well-formed pointer or a segment is not allowed.',
    next: 'Use /root/name/…, with ~0 and ~1 for ~ and /.',
  },
  read_only: { means: 'The property is set by the engine or the provider.', next: 'Leave it out.' },
  kind_mismatch: {
    means: 'The value or the source is of another kind than the property.',
    next: 'Send the kind that the schema states.',
  },
  not_in_enum: { means: 'The value is none of those the schema lists.', next: 'Use one of the listed values.' },
  pattern_mismatch: { means: 'The text does not match the property’s pattern.', next: 'Change the text to match.' },
  out_of_bounds: {
    means: 'A number, length or count is outside the property’s bounds.',
    next: 'Use a value within the bounds.',
  },
  secret_value_not_allowed: {
    means: 'A secret property takes a reference to a secret, never its value.',
    next: 'Create a secret and refer to it.',
  },
  property_tree_invalid: {
    means: 'A schema’s property tree contradicts itself.',
    next: 'Correct the tree at the path.',
  },
  // dependency requirements
  already_exists: { means: 'There is one already.', next: 'Use the one that exists.' },
  name_taken: { means: 'The name is used in the same place.', next: 'Choose another name.' },
  parent_has_value: {
    means: 'A container above the path follows a source or holds a whole value.',
    next: 'Unset it first, or set it whole.',
  },
  source_not_found: {
    means: 'The subscription’s source component or property does not exist.',
    next: 'Compare the source path with its schema.',
  },
  value_cycle: { means: 'A value would depend on itself.', next: 'Break the cycle that is shown.' },
  order_cycle: { means: 'Ordering or manager edges would form a cycle.', next: 'Break the cycle that is shown.' },
  component_marked: { means: 'The component is marked for deletion.', next: 'Restore it first.' },
  component_not_marked: { means: 'The component is not marked for deletion.', next: 'Nothing to restore.' },
  resource_shared: {
    means: 'Another component has the same resource; deleting one would destroy it for both.',
    next: 'Erase one of the two, or take the resource id off it.',
  },
  moved_between_schemas: {
    means: 'The two components are of different schemas, and a resource keeps its type.',
    next: 'Name a component of the same schema.',
  },
  moved_without_resource: {
    means: 'The component whose resource is to be taken over has none.',
    next: 'There is nothing to keep: delete it.',
  },
  moved_onto_resource: {
    means: 'The component that is to take a resource over has one of its own.',
    next: 'Erase it, which leaves its resource, or move to a new component.',
  },
  component_protected: { means: 'The component is protected from deletion.', next: 'Take the protection off first.' },
  variant_of_another_schema: {
    means: 'The variant is there, and is one of another schema.',
    next: 'Name a variant of the schema, or the schema of the variant.',
  },
  already_newest: { means: 'The component is of that variant already.', next: 'Nothing to upgrade.' },
  not_a_lookup: {
    means: 'No function with effects gives the value, so there is nothing to look up again.',
    next: 'Explain the value, to see where it comes from.',
  },
  locked: { means: 'The function or variant is locked.', next: 'Unlock it: that makes an editable copy.' },
  in_use: { means: 'Something still uses it.', next: 'Remove the uses that are listed first.' },
  last_owner: {
    means: 'The workspace would be left without an active owner.',
    next: 'Make somebody else an owner first.',
  },
  already_running: {
    means: 'The same function runs on the component at this moment.',
    next: 'Wait for that run, or end it.',
  },
  run_not_active: { means: 'The run is not at a point where that can be done.', next: 'Look at the run first.' },
  text_mismatch: {
    means: 'The text change was made from another text.',
    next: 'Read the text again and repeat the change.',
  },
  // races
  plan_stale: {
    means: 'Something has moved since the plan was made: the change set, Head, or what is to be done.',
    next: 'Review the change set again and make another plan.',
  },
  version_conflict: { means: 'The change set has moved past the version named.', next: 'Read again and repeat.' },
} as const satisfies Record<string, CodeLine>;

/** Faults: the outside world failed. */
export const faultCodes = {
  store_busy: {
    means: 'Another process owns the data folder and does not answer.',
    next: 'Retry, or end that process.',
  },
  workspace_elsewhere: {
    means: 'Another engine on the same store drives the workspace, and cannot be reached from here now.',
    next: 'Retry; or ask that engine, whose address the message has.',
  },
  store_failed: {
    means: 'The store refused a write or a read.',
    next: 'Check disk space and permissions; the message has the cause.',
  },
  store_damaged: {
    means: 'Stored bytes do not match their hash or format.',
    next: 'Restore from a backup; run verify for the first bad place.',
  },
  store_incomplete: {
    means: 'A store was being made there from another one, and that was not finished.',
    next: 'Begin the move or the restore again, which starts anew; or name another place.',
  },
  store_version: { means: 'The store was written by a newer release.', next: 'Use that release or a newer one.' },
  chunk_missing: {
    means: 'A chunk that a root refers to is not in the store.',
    next: 'Run verify; restore from a backup.',
  },
  replay_diverged: {
    means: 'Replaying the log did not give the stored root.',
    next: 'Run verify; report it with the log.',
  },
  package_damaged: {
    means: 'A provider package that comes with the program cannot be read.',
    next: 'Install it again.',
  },
  catalogue_missing: { means: 'The compact catalogue was not built.', next: 'Run the build.' },
  runner_unavailable: {
    means: 'Functions of that tier cannot run on this machine now.',
    next: 'Install what the message names, or run a runner elsewhere.',
  },
  dispatch_unavailable: {
    means: 'NATS, over which runs go to runners, cannot be reached, refuses the credentials, or has no JetStream.',
    next: 'Compare address and credentials with the server’s, and start it with JetStream: docs/runners.md.',
  },
  policies_unavailable: {
    means: 'The workspace has policies, and nothing in this program can decide by them.',
    next: 'Open the data with a program that has a policy engine.',
  },
  compiler_failed: { means: 'The compiler itself broke.', next: 'Report it with the text of the function.' },
  vault_locked: {
    means: 'The installation’s key is missing or is not the one that secrets were kept with.',
    next: 'Give the right key file or environment variable.',
  },
  reach_unreadable: {
    means: 'The list of unix sockets that runs may reach cannot be read or written.',
    next: 'Correct reach.json in the data folder, or remove it: then none is allowed.',
  },
  secret_source_unavailable: {
    means: 'What a secret refers to is missing, may not be read, is no text, or its vault cannot be asked.',
    next: 'Look at the source that the message names, then run the function again.',
  },
  secret_sources_unreadable: {
    means: 'The list of what secrets may refer to cannot be read or written.',
    next: 'Correct secret-sources.json in the data folder, or remove it: then nothing is allowed.',
  },
  pools_unreadable: {
    means: 'The list of pools of runners cannot be read or written.',
    next: 'Correct pools.json in the data folder, or remove it: then there is the pool default alone.',
  },
  root_unusable: {
    means: 'The folder cannot be the root of a local agent, or its state lies below it.',
    next: 'Give a folder that is there, on Linux, and keep the state outside of it.',
  },
  command_unusable: {
    means: 'A command that a local agent is to allow is no program of this machine.',
    next: 'Install it, or give its path as NAME=/path/of/program.',
  },
  demo_failed: {
    means: 'The demonstration came to something else than it tells.',
    next: 'Report it with what it printed.',
  },
  demo_server_unusable: {
    means: 'The PostgreSQL server that the demonstration was given is not there, or its user may not do what is shown.',
    next: 'Give a superuser of a server that runs, or leave the option and the variable out.',
  },
  address_unavailable: {
    means: 'The address cannot be listened on.',
    next: 'Use another port, or end the program that has it.',
  },
  identity_provider_failed: {
    means: 'The identity provider is not there, or does not know this server.',
    next: 'Check issuer, client id and secret; the message has the cause. Tokens are good meanwhile.',
  },
  contexts_unreadable: {
    means: 'The list of servers that the command line knows cannot be read or written.',
    next: 'Correct the file that the message names, or remove it and log in again.',
  },
  server_failed: {
    means: 'The server answered something else than an answer of this API.',
    next: 'Check its address; its log has more.',
  },
  server_unavailable: {
    means: 'The server, or a proxy in front of it, takes no requests at present.',
    next: 'Retry.',
  },
  too_many_requests: {
    means: 'More requests came in a minute, with one token or from one address, than the server takes.',
    next: 'Retry when the message says; give each program a token of its own.',
  },
  connection_lost: {
    means: 'The engine process went away during the call, which may have been carried out.',
    next: 'Repeat what only reads, and what had an idempotency key with the same key; of anything else look first what became of it.',
  },
} as const satisfies Record<string, CodeLine>;

export type RefusalCode = keyof typeof refusalCodes;
export type FaultCode = keyof typeof faultCodes;

/** The same request may succeed later, as it is. */
export const retryableCodes: readonly (RefusalCode | FaultCode)[] = [
  'not_ready',
  'already_running',
  'version_conflict',
  'store_busy',
  'workspace_elsewhere',
  'runner_unavailable',
  'server_unavailable',
  'too_many_requests',
  'connection_lost',
];
