// Imports and exports of a function's text. A function has none: what it may use is a global name, and `main` is found by
// its name. Types may be imported, and `main` may be exported, as editors and old code do; both are taken out.

import type { Refused } from './blank.ts';
import type { Edits } from './edits.ts';
import { type Node, nameOf, part, parts } from './syntax.ts';

/** The global name that stands for a module. */
const globalOf: Readonly<Record<string, string>> = {
  lodash: '_',
  'lodash-es': '_',
  joi: 'Joi',
  yaml: 'YAML',
  'js-yaml': 'YAML',
  toml: 'toml',
  'smol-toml': 'toml',
  'fast-json-patch': 'jsonpatch',
  'node-fetch': 'fetch',
  buffer: 'Buffer',
  child_process: 'siExec',
  fs: 'fs',
  os: 'os',
  path: 'path',
  zlib: 'zlib',
};
const globals = '_, Joi, YAML, toml, jsonpatch, path, fetch, siExec, requestStorage, fs, os, zlib and Buffer';

/**
 * Takes out type imports and the word `export`, and makes a default export `main` when there is none of that name; answers
 * the imports and exports that name a module.
 */
export function blankModules(program: Node, edits: Edits, hasMain: boolean): readonly Refused[] {
  const refused: Refused[] = [];
  const fromModule = (node: Node) => {
    const module = String(part(node, 'source')?.['value'] ?? '');
    const name = globalOf[module.replace(/^node:/, '')];
    const advice = name === undefined ? `there are ${globals}` : `use the global name ${name}`;
    refused.push({ node, what: `an import of ${JSON.stringify(module)}; ${advice}` });
  };
  for (const node of parts(program, 'body')) {
    switch (node.type) {
      case 'ImportDeclaration': {
        const specifiers = parts(node, 'specifiers');
        const types = specifiers.length > 0 && specifiers.every((s) => s['importKind'] === 'type');
        if (node['importKind'] === 'type' || types) edits.blank(node.start, node.end, ';');
        else fromModule(node);
        break;
      }
      case 'ExportAllDeclaration':
        if (node['exportKind'] === 'type') edits.blank(node.start, node.end, ';');
        else fromModule(node);
        break;
      case 'ExportNamedDeclaration': {
        const declaration = part(node, 'declaration');
        if (declaration !== undefined) edits.blank(node.start, declaration.start, ';');
        else if (part(node, 'source') !== undefined && node['exportKind'] !== 'type') fromModule(node);
        else edits.blank(node.start, node.end, ';');
        break;
      }
      case 'ExportDefaultDeclaration':
        exportDefault(node, edits, hasMain);
        break;
      default:
    }
  }
  return refused;
}

/** Is there a default export that becomes `main`? */
export function exportsMain(program: Node): boolean {
  return parts(program, 'body').some((node) => {
    if (node.type !== 'ExportDefaultDeclaration') return false;
    const declaration = part(node, 'declaration')!;
    return !declaration.type.startsWith('TS') && declaration.type !== 'ClassDeclaration';
  });
}

function exportDefault(node: Node, edits: Edits, hasMain: boolean): void {
  const declaration = part(node, 'declaration')!;
  const name = nameOf(part(declaration, 'id'));
  if (declaration.type.startsWith('TS') || declaration.type === 'ClassDeclaration' || name === 'main') {
    edits.blank(node.start, declaration.start, ';');
  } else if (declaration.type === 'FunctionDeclaration' && name !== undefined) {
    edits.blank(node.start, declaration.start, ';');
    if (!hasMain) edits.insert(node.end, `; const main = ${name};`);
  } else if (nameOf(declaration) === 'main') {
    edits.blank(node.start, node.end, ';');
  } else {
    edits.blank(node.start, declaration.start, hasMain ? '; void ' : 'const main = ');
    edits.insert(node.end, ';');
  }
}
