// A second reader of templates, for comparison: the YAML package's own core schema with the short tags of the template
// language as custom tags, written without a look at the one under test. Merge keys are on; duplicate keys are refused.

import { isMap, isScalar, isSeq, parseDocument, type ScalarTag } from 'yaml';

const names = [
  'And',
  'Base64',
  'Cidr',
  'Equals',
  'FindInMap',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
];

function long(name: string, body: unknown): unknown {
  if (name === 'Ref' || name === 'Condition') return { [name]: body };
  if (name === 'GetAtt' && typeof body === 'string') {
    const [resource, ...attribute] = body.split('.');
    return { 'Fn::GetAtt': [resource, attribute.join('.')] };
  }
  return { [`Fn::${name}`]: body };
}

const tags = [...names, 'Ref', 'Condition', 'GetAtt'].flatMap((name): unknown[] =>
  [undefined, 'map', 'seq'].map((collection) => ({
    tag: `!${name}`,
    ...(collection === undefined ? {} : { collection }),
    resolve: (value: unknown) => value,
  })),
) as ScalarTag[];

/** The template as plain values; undefined for a text that the YAML package refuses. */
export function independentlyRead(text: string): unknown {
  const document = parseDocument(text, { customTags: tags, merge: true, logLevel: 'silent' });
  if (document.errors.length > 0) return undefined;
  const maps = new Map<unknown, unknown>();
  const value = (node: unknown): unknown => {
    if (node === null || node === undefined) return null;
    if (maps.has(node)) return maps.get(node);
    const tag = (node as { tag?: string }).tag;
    let out: unknown;
    if (isScalar(node)) out = node.value;
    else if (isSeq(node)) out = node.items.map(value);
    else if (isMap(node)) {
      const members: [string, unknown][] = [];
      for (const { key, value: member } of node.items) {
        const name = isScalar(key) ? key.value : key;
        const text = name === null ? '' : String(name);
        if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') {
          const from = value(member);
          for (const map of Array.isArray(from) ? from.reverse() : [from]) {
            for (const entry of Object.entries(map as object)) members.unshift(entry as [string, unknown]);
          }
        } else members.push([text, value(member)]);
      }
      out = Object.fromEntries(members);
    } else out = value((node as { resolve: (d: unknown) => unknown }).resolve(document));
    return tag?.startsWith('!') && tag !== '!' ? long(tag.slice(1), out) : out;
  };
  return value(document.contents);
}
