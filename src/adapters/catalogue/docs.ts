// Texts for people: the documentation of a property with the facts that have no field of their own, the one-sentence
// summary of a type, and the address of its page. Text is Markdown; nothing here is read by the engine.

import type { SpecProperty } from './spec.ts';

const summaryCharsMax = 240;

/** Paragraphs in order, empty ones left out; undefined when none is left. */
export function paragraphs(...parts: readonly (string | undefined)[]): string | undefined {
  const text = parts.map((p) => tidy(p ?? '')).filter((p) => p !== '');
  return text.length === 0 ? undefined : text.join('\n\n');
}

/** The conversion that made these texts left a blank between a closing mark and the full stop after it. */
function tidy(text: string): string {
  return text.trim().replace(/([`*)\]]) (?=[.,;:](?:\s|$))/g, '$1');
}

/**
 * Documentation of a property. The provider's default is told here and is never the property's `default`: a default of
 * the model would be written into every exported template and would hide a later change of the provider's mind.
 */
export function propertyDocs(property: SpecProperty, note: string | undefined): string | undefined {
  return paragraphs(
    property.deprecated === 'WARN' ? '**Deprecated.**' : undefined,
    property.documentation,
    note,
    property.defaultValue === undefined ? undefined : `Default: ${code(property.defaultValue)}.`,
    property.causesReplacement === 'maybe'
      ? 'Changing it may replace the resource, depending on the change.'
      : undefined,
  );
}

function code(text: string): string {
  return text.includes('`') || text === '' ? text : `\`${text}\``;
}

// A full stop that ends a sentence: a blank and a capital or a mark behind it, and no abbreviation before it.
const sentenceEnd = /(?<!\b(?:e\.g|i\.e|etc|vs|Inc|[A-Z]))[.!?](?=\s+["'(A-Z0-9]|\s*$)/;

/** The first sentence of a type's documentation as plain text; `name` where there is none. */
export function summaryOf(documentation: string | undefined, name: string): string {
  const paragraph = tidyMarkup(documentation ?? '')
    .split(/\n\s*\n/)
    .map((p) => p.trim())
    .find((p) => p !== '' && !/^(?:>|#|-|\*\s|!\[|\||```|https?:)/.test(p));
  if (paragraph === undefined) return name;
  const text = paragraph.replace(/\s+/g, ' ');
  const end = sentenceEnd.exec(text);
  const sentence = end === null ? text.replace(/[:,;]?$/, '.') : text.slice(0, end.index + 1);
  return sentence.length <= summaryCharsMax ? sentence : `${sentence.slice(0, summaryCharsMax - 1).trimEnd()}…`;
}

function tidyMarkup(text: string): string {
  return tidy(text)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>\s][^>]*>/g, '')
    .replace(/`([^`]*)`/g, '$1')
    .replace(/(?<![*\w])\*{1,3}([^*\n]+)\*{1,3}(?!\w)/g, '$1')
    .replace(/ (?=[.,;](?:\s|$))/g, '');
}

/** The page about a type in the provider's documentation. */
export function pageOf(name: string): string {
  const [vendor, service, ...rest] = name.toLowerCase().split('::');
  if (name.startsWith('AWS::Serverless::')) {
    return `https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-${rest.join('-')}.html`;
  }
  return `https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/${vendor}-resource-${[service, ...rest].join('-')}.html`;
}
