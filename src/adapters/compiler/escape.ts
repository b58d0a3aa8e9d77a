// A sandbox refuses source text by spelling: `import(` and the two marks of an HTML comment, wherever they stand. In
// comments they are blanked, in literals written with an escape, between operators parted by a space.

import type { Refused } from './blank.ts';
import type { Edits } from './edits.ts';
import { eachChild, type Node, part, type Syntax } from './syntax.ts';

const spelling = /\bimport(?=\s*(?:\(|\/[/*]))|\beval(?=\s*\()|<!--|-->/g;

/** Escapes what a sandbox would refuse; answers what cannot be escaped. */
export function escapeSpelling({ text, program, comments }: Syntax, edits: Edits): readonly Refused[] {
  const refused: Refused[] = [];
  for (const found of text.matchAll(spelling)) {
    const at = found.index;
    const spelled = found[0];
    const comment = comments.find((c) => c.start <= at && at < c.end);
    if (comment !== undefined) {
      edits.blank(comment.start, comment.end);
      continue;
    }
    const { node, parent } = innermost(program, at);
    if (node.type === 'Literal' || node.type === 'TemplateElement') {
      if (parent?.type === 'TemplateLiteral' && isTagged(program, parent)) {
        refused.push({ node, what: `\`${spelled}\` in a tagged template; put it in by \${…}` });
      } else if (spelled === '-->') edits.replace(at + 2, at + 3, '\\x3e');
      else edits.replace(at, at + 1, `\\x${spelled.charCodeAt(0).toString(16)}`);
    } else if (spelled === '<!--') edits.insert(at + 1, ' ');
    else if (spelled === '-->') edits.insert(at + 2, ' ');
    else if (isKey(node, parent))
      edits.replace(node.start, node.end, `'\\x${spelled.charCodeAt(0).toString(16)}${spelled.slice(1)}'`);
  }
  return refused;
}

function isKey(node: Node, parent: Node | undefined): boolean {
  const keyed =
    parent?.type === 'Property' || parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition';
  return keyed && part(parent, 'key')?.start === node.start && parent['computed'] !== true;
}

/** The smallest node around an offset, and the node around that. */
function innermost(program: Node, at: number): { readonly node: Node; readonly parent: Node | undefined } {
  let node = program;
  let parent: Node | undefined;
  for (;;) {
    let inner: Node | undefined;
    eachChild(node, (child) => {
      if (child.start <= at && at < child.end) inner = child;
    });
    if (inner === undefined) return { node, parent };
    parent = node;
    node = inner;
  }
}

function isTagged(node: Node, template: Node): boolean {
  if (node.type === 'TaggedTemplateExpression' && part(node, 'quasi')?.start === template.start) return true;
  let found = false;
  eachChild(node, (child) => {
    if (!found && child.start <= template.start && template.end <= child.end) found = isTagged(child, template);
  });
  return found;
}
