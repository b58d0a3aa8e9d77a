// The text that is checked in place of the one that was written: `main` gets the types of its kind where it states none,
// and a line at the end holds it against them where it does. Places are told in the text as written.

import ts from 'typescript';

export interface AnnotatedText {
  readonly text: string;
  /** A place of the written text, lines and columns from 1; undefined when there is none. */
  offsetOf(line: number, column: number): number | undefined;
  /** What lies in the line at the end: the name of `main`, or the end of the text. */
  placeOf(start: number, length: number, behind: 'main' | 'end'): Place;
}

export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

interface Insertion {
  /** In the written text. */
  readonly at: number;
  readonly text: string;
}

type MainFunction = ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction;

export function annotate(written: string): AnnotatedText {
  const file = ts.createSourceFile('function.ts', written, ts.ScriptTarget.ES2023, true);
  const { main, name } = findMain(file);
  const insertions = main === undefined ? [] : insertionsFor(main, file);
  let text = '';
  let from = 0;
  for (const { at, text: put } of insertions) {
    text += written.slice(from, at) + put;
    from = at;
  }
  text += written.slice(from);
  const end = text.length;
  if (name !== undefined) text += `\n;(($main: $Main) => $main)(${name.text});\n`;
  const lines = file.getLineStarts();

  const toWritten = (offset: number): number => {
    let shift = 0;
    for (const { at, text: put } of insertions) {
      if (offset < at + shift) break;
      if (offset < at + shift + put.length) return at;
      shift += put.length;
    }
    return offset - shift;
  };
  return {
    text,
    offsetOf: (line, column) => {
      const start = lines[line - 1];
      if (start === undefined || column < 1) return undefined;
      const offset = start + column - 1;
      if (offset > (lines[line] === undefined ? written.length : lines[line] - 1)) return undefined;
      return insertions.reduce((sum, { at, text: put }) => (at < offset ? sum + put.length : sum), offset);
    },
    placeOf: (start, length, behind) => {
      const isBehind = start >= end && behind === 'main' && name !== undefined;
      const from = Math.min(isBehind ? name.getStart(file) : toWritten(start), written.length);
      const to = Math.min(isBehind ? name.end : toWritten(start + length), written.length);
      const { line, character } = file.getLineAndCharacterOfPosition(from);
      return { line: line + 1, column: character + 1, length: Math.max(0, to - from) };
    },
  };
}

/** The function that is `main`, and its name where it has one that can be referred to. */
function findMain(file: ts.SourceFile): { main?: MainFunction; name?: ts.Identifier } {
  for (const statement of file.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.body !== undefined) {
      if (statement.name?.text === 'main') return { main: statement, name: statement.name };
      const isDefault = statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword) === true;
      if (statement.name === undefined && isDefault) return { main: statement };
    }
    if (ts.isVariableStatement(statement)) {
      for (const { name, initializer, type } of statement.declarationList.declarations) {
        if (!ts.isIdentifier(name) || name.text !== 'main') continue;
        const main = type === undefined && initializer !== undefined ? functionOf(initializer) : undefined;
        return main === undefined ? { name } : { main, name };
      }
    }
    if (ts.isExportAssignment(statement)) {
      const main = functionOf(statement.expression);
      if (main !== undefined) return { main };
    }
  }
  return {};
}

function functionOf(node: ts.Expression): MainFunction | undefined {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) ? node : undefined;
}

function insertionsFor(main: MainFunction, file: ts.SourceFile): Insertion[] {
  const out: Insertion[] = [];
  const children = main.getChildren(file);
  const paren = children.find((c) => c.kind === ts.SyntaxKind.CloseParenToken);
  // `input => …`: there is no place for types.
  if (paren === undefined) return out;
  const first = main.parameters[0];
  if (first !== undefined && first.type === undefined && first.dotDotDotToken === undefined) {
    out.push({ at: (first.questionToken ?? first.name).end, text: ': $Input' });
  }
  if (main.type === undefined && main.asteriskToken === undefined && paren.end > paren.pos) {
    const isAsync = main.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword) === true;
    out.push({ at: paren.end, text: isAsync ? ': Promise<$Output>' : ': $Output | Promise<$Output>' });
  }
  return out;
}
