// Template JSON as text. YAML keeps the long forms of the functions and quotes whatever a reader could take for another
// kind, so that reading it again gives the same JSON.

import { stringify } from 'yaml';
import type { Json } from '../../base/json.ts';
import { plainScalar } from './parse.ts';

export function printTemplate(template: Json, format: 'json' | 'yaml'): string {
  if (format === 'json') return `${JSON.stringify(template, null, 2)}\n`;
  return stringify(template, {
    // Both versions of YAML must read it alike: quote what is no text in either.
    version: '1.1',
    compat: 'core',
    aliasDuplicateObjects: false,
    lineWidth: 0,
    defaultStringType: 'PLAIN',
    customTags: [
      {
        tag: 'tag:yaml.org,2002:str',
        default: true,
        identify: (value: unknown) =>
          typeof value === 'string' && (typeof plainScalar(value) !== 'string' || /^([-+.\d]|<<$|=$)/.test(value)),
        resolve: (text: string) => text,
        stringify: (item: { value: unknown }) => JSON.stringify(item.value),
      },
    ],
  });
}
