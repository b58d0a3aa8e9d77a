// Which operations know a repetition beyond doubt. Read by the engine, and by clients that ask again when an answer was lost; so it
// stands by itself and loads nothing.

/** Operations that write and remember their answer under a key in the commit of what they do. */
export const remembering: readonly string[] = [
  'submit',
  'change_set.create',
  'change_set.apply',
  'change_set.force_apply',
  'change_set.revert',
  'change_set.promote',
  'change_set.split',
  'change_set.undo',
  'change_set.redo',
  'change_set.pick',
  'schema.author',
  'schema.update_variant',
  'schema.install',
  'schema.unlock',
  'schema.add_function',
  'schema.detach_function',
  'function.unlock',
  'import.cloudformation',
  'import.terraform',
  'management.run',
  'component.duplicate',
  'component.bulk_set',
  'component.declare',
  'lookup.refresh',
  'secret.set',
];
