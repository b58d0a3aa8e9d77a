// A component that looks something up: a function with effects gives `/domain/Seen`, from `/domain/Given` and something that is
// another each time it runs. As mutations, for whichever way in is tried.

import type { Json } from '../../src/base/json.ts';

const text = { kind: 'string' } as const;

/** Its result says when it was made, so that one that was made again is another. */
const stamped = `// @effects
function main({ given }) { return given + ' at ' + process.hrtime.bigint(); }`;

/** Schema, function, binding and the component `site`, in this order; `look`: the text of the function. */
export const siteMutations = (look = stamped): readonly Json[] => [
  {
    kind: 'schema.create',
    name: 'Site',
    spec: {
      format: 1,
      domain: { kind: 'object', properties: { Given: text, Seen: text } },
      resourceValue: { kind: 'object', properties: {} },
      secrets: { kind: 'object', properties: {} },
      definitions: {},
    },
  },
  { kind: 'function.create', name: 'look', functionKind: 'attribute', text: look },
  {
    kind: 'binding.attach',
    function: 'look',
    schema: 'Site',
    arguments: [{ name: 'given', path: '/domain/Given' }],
    output: '/domain/Seen',
  },
  { kind: 'component.create', schema: 'Site', name: 'site', attributes: { '/domain/Given': 'a' } },
];
