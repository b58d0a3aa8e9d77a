// Which operations may be asked for again when their answer was lost on the way: those that only read, and those that are
// asked for with a key, by which the engine knows a repetition.

/** Operations that write and take an idempotency key: they can be repeated when an answer was lost. */
export const repeatable: readonly string[] = [
  'submit',
  'change_set.create',
  'change_set.apply',
  'change_set.force_apply',
  'import.cloudformation',
  'secret.set',
  'component.declare',
  'schema.install',
  'schema.unlock',
  'schema.update_variant',
  'schema.add_function',
  'schema.detach_function',
];
/** Operations that write without a key: what became of one whose answer was lost has to be looked at. */
export const writes: readonly string[] = [
  'workspace.create',
  'workspace.update',
  'workspace.remove',
  'workspace.restore',
  'member.invite',
  'member.leave',
  'policy.set',
  'policy.remove',
  'change_set.abandon',
  'change_set.reopen',
  'backup',
  'gc',
  'change_set.request_approval',
  'change_set.withdraw',
  'change_set.purge',
  'change_set.steer_action',
  'change_set.add_action',
  'policy_report.upload',
  'secret.rotate',
  'secret.rekey',
  'secret.collect',
  'token.create',
  'token.revoke',
  'schema.install_package',
  'management.start',
  'debug.start',
];
