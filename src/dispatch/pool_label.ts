// Labels of pools: a pool is the runners of one label, and a function names the one that its calls belong to. What names none
// belongs to `default`.

export const defaultPool = 'default';

/** For messages. */
export const poolLabelExpected =
  'one label such as gpu or eu-west: lower-case letters, digits and - between them, at most 63 characters';

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function isPoolLabel(text: string): boolean {
  return label.test(text);
}
