// Template JSON as text. YAML keeps the long forms of the functions and quotes whatever a reader could take for another
// kind, so that reading it again gives the same JSON; what was a plain scalar is printed as it was spelled, so that
// every reader, also of YAML 1.1, reads the same in the copy as in the original.

import { Pair, Scalar, stringify, YAMLMap, YAMLSeq } from 'yaml';
import { isObject, type Json } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import { isAmbiguous, type Spelling, Spellings } from './plain.ts';

/** A text printed as it is. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** `spellings` as `exportWithNotes` answers them; JSON has no use for them. */
export function printTemplate(template: Json, format: 'json' | 'yaml', spellings: readonly Spelling[] = []): string {
  if (format === 'json') return `${JSON.stringify(template, null, 2)}\n`;
  return stringify(nodeOf(template, '', new Spellings(spellings)), {
    // Both versions of YAML must read it alike: quote what is no text in either.
    version: '1.1',
    compat: 'core',
    lineWidth: 0,
    defaultStringType: 'PLAIN',
    // In front, because the first that takes a value prints it.
    customTags: (usual) => [
      {
        tag: 'tag:yaml.org,2002:str',
        default: true,
        identify: (value: unknown) => typeof value === 'string' && (isAmbiguous(value) || value === '<<'),
        // Of several that take a value the library asks those with a `test` first, as the tag of merge keys has one.
        test: /^<<$/,
        resolve: (text: string) => text,
        stringify: (item: { value: unknown }) => JSON.stringify(item.value),
      },
      {
        tag: 'tag:yaml.org,2002:str',
        default: true,
        identify: (value: unknown) => value instanceof Raw,
        resolve: (text: string) => text,
        stringify: (item: { value: unknown }) => (item.value as Raw).text,
      },
      ...usual,
    ],
  });
}

function nodeOf(json: Json, at: string, spellings: Spellings): YAMLMap | YAMLSeq | Scalar {
  if (Array.isArray(json)) {
    const list = new YAMLSeq();
    list.items = json.map((item: Json, i) => nodeOf(item, `${at}/${i}`, spellings));
    return list;
  }
  if (isObject(json)) {
    const map = new YAMLMap();
    map.items = Object.entries(json).map(([name, member]) => {
      const text = spellings.key(at, name);
      return new Pair(
        new Scalar(text === undefined ? name : new Raw(text)),
        nodeOf(member, at + pointerOf([name]), spellings),
      );
    });
    return map;
  }
  const text = spellings.value(at);
  return new Scalar(text === undefined ? json : new Raw(text));
}
