// The component of the template itself: the sections that are not made of components, and the members of the others
// that could not be. Nothing in it is live; references by other components lead into its mappings.

import type { ComponentId } from '../../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import type { Input } from '../../mutation/request.ts';
import { componentName, isEntry } from './entry.ts';
import {
  type Annotations,
  type ComponentSection,
  componentSections,
  literal,
  type TemplateComponent,
  type Unrepresented,
} from './model.ts';
import { Placement } from './place.ts';
import { type Spelling, Spellings } from './plain.ts';
import { templateSchemas } from './schemas.ts';

const ownSections = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Mappings', 'Transform', 'Rules', 'Hooks'];

/** The component of the template itself: sections and entries that are no components. */
export function templateComponent(
  id: ComponentId,
  name: string,
  template: JsonObject,
  options: { readonly unrepresented: Unrepresented[]; readonly spellings: readonly Spelling[] },
): TemplateComponent {
  const { unrepresented } = options;
  const spellings = new Spellings(options.spellings);
  const domain: [string, Input][] = [];
  const other: [string, Input][] = [];
  const entries: [string, Input][] = [];
  const sections: string[] = [];
  const encoded: { at: string; json: string }[] = [];
  const keep = (into: [string, Input][], key: string, json: Json, at: string): void => {
    const live = at === '/Mappings' ? spellings.mappings(json, at) : spellings.live(json, at, 'either');
    if (key !== '$source' && Placement.nameable({ [key]: live })) into.push([key, literal(live)]);
    else encoded.push({ at, json: JSON.stringify(json) });
  };
  for (const [section, json] of Object.entries(template)) {
    const at = pointerOf([section]);
    if (!(componentSections as readonly string[]).includes(section)) {
      keep(ownSections.includes(section) ? domain : other, section, json, at);
    } else if (!isObject(json)) {
      unrepresented.push({ path: at, reason: 'the section is not a map' });
      keep(other, section, json, at);
    } else {
      sections.push(section);
      const rest: [string, Input][] = [];
      for (const [key, entry] of Object.entries(json)) {
        if (isEntry(section as ComponentSection, key, entry)) continue;
        unrepresented.push({ path: at + pointerOf([key]), reason: 'no component: a loop, a macro or not a map' });
        keep(rest, key, entry, at + pointerOf([key]));
      }
      if (rest.length > 0) entries.push([section, Object.fromEntries(rest)]);
    }
  }
  if (other.length > 0) domain.push(['Sections', Object.fromEntries(other)]);
  if (entries.length > 0) domain.push(['Entries', Object.fromEntries(entries)]);
  const note: Annotations = {
    // In one order: an export has its own.
    sections: componentSections.filter((section) => sections.includes(section)),
    ...(encoded.length > 0 ? { encoded } : {}),
    ...(options.spellings.length > 0 ? { plain: options.spellings } : {}),
  };
  return {
    id,
    schema: templateSchemas.template,
    name: componentName(name),
    domain: Object.fromEntries(domain),
    metadata: { cloudformation: note as unknown as Json },
    flags: [],
    dependsOn: [],
  };
}
