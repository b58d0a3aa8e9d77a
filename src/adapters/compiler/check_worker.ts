// The thread that looks at types: a TypeScript language service over two files that exist in memory only, the text as the
// author has it and the declarations of its schema. It reads TypeScript's own library and nothing else of the disk.
// Where `main` states no types, those of its kind are put in beside it, so that plain JavaScript completes as well.

import { dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import ts from 'typescript';
import type { VariantSpec } from '../../model/schema.ts';
import type { CheckRequest, Completion, Diagnostic } from '../../ports/compiler.ts';
import { type AnnotatedText, annotate } from './annotate.ts';
import { declarationsOf } from './declarations.ts';

export interface CheckQuestion {
  readonly request: CheckRequest;
  /** Completions there; undefined: diagnostics of the whole. */
  readonly at: { readonly line: number; readonly column: number } | undefined;
  /** The schema is the one of the question before. */
  readonly keepsSpec?: boolean;
}

export interface CheckAnswer {
  readonly diagnostics?: readonly Diagnostic[];
  readonly completions?: readonly Completion[];
  readonly failed?: string;
}

const functionFile = '/function.ts';
const schemaFile = '/schema.d.ts';

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  strict: true,
  // Functions are often plain JavaScript: what is not stated is open, not wrong.
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

const libraryFolder = dirname(ts.getDefaultLibFilePath(options));
const texts = new Map<string, { text: string; version: number }>();

function put(file: string, text: string): void {
  const before = texts.get(file);
  if (before?.text !== text) texts.set(file, { text, version: (before?.version ?? 0) + 1 });
}

const isLibrary = (file: string) => dirname(file) === libraryFolder && file.endsWith('.d.ts');

const service = ts.createLanguageService({
  getCompilationSettings: () => options,
  getScriptFileNames: () => [functionFile, schemaFile],
  getScriptVersion: (file) => String(texts.get(file)?.version ?? 0),
  getScriptSnapshot: (file) => {
    const text = texts.get(file)?.text ?? (isLibrary(file) ? ts.sys.readFile(file) : undefined);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => '/',
  getDefaultLibFileName: (o) => ts.getDefaultLibFilePath(o),
  fileExists: (file) => texts.has(file) || (isLibrary(file) && ts.sys.fileExists(file)),
  readFile: (file) => texts.get(file)?.text ?? (isLibrary(file) ? ts.sys.readFile(file) : undefined),
  directoryExists: () => false,
  getDirectories: () => [],
});

let spec: VariantSpec | undefined;

function answer({ request, at, keepsSpec }: CheckQuestion): CheckAnswer {
  if (keepsSpec !== true) spec = request.spec;
  put(schemaFile, declarationsOf(spec === undefined ? request : { ...request, spec }));
  const text = annotate(request.text);
  put(functionFile, text.text);
  return at === undefined ? { diagnostics: diagnose(text) } : { completions: complete(text, at) };
}

function diagnose(text: AnnotatedText): Diagnostic[] {
  const syntactic = service.getSyntacticDiagnostics(functionFile);
  const found = syntactic.length > 0 ? syntactic : service.getSemanticDiagnostics(functionFile);
  const out = found.map((d): Diagnostic => {
    const place = text.placeOf(d.start ?? 0, d.length ?? 0, syntactic.length > 0 ? 'end' : 'main');
    // A module that is imported for its types only is not there when the function runs, and not missed.
    const severity = d.category === ts.DiagnosticCategory.Error && d.code !== 2307 ? 'error' : 'warning';
    return { severity, ...place, message: ts.flattenDiagnosticMessageText(d.messageText, '\n'), code: `TS${d.code}` };
  });
  const said = new Set<string>();
  const once = out.filter((d) => said.size !== said.add(`${d.line}:${d.column} ${d.code} ${d.message}`).size);
  return once.sort((a, b) => a.line - b.line || a.column - b.column);
}

function complete(text: AnnotatedText, at: { readonly line: number; readonly column: number }): Completion[] {
  const offset = text.offsetOf(at.line, at.column);
  if (offset === undefined) return [];
  const found = service.getCompletionsAtPosition(functionFile, offset, { includeCompletionsWithInsertText: false });
  const entries = (found?.entries ?? []).filter((e) => !e.name.startsWith('$'));
  return entries.map((e): Completion => {
    // Documentation is looked up name by name: for members, which are few.
    const docs = found?.isMemberCompletion === true ? docsOf(offset, e.name) : '';
    return { name: e.name, kind: e.kind, ...(docs === '' ? {} : { docs }) };
  });
}

function docsOf(offset: number, name: string): string {
  const details = service.getCompletionEntryDetails(
    functionFile,
    offset,
    name,
    undefined,
    undefined,
    undefined,
    undefined,
  );
  return ts.displayPartsToString(details?.documentation);
}

parentPort!.on('message', (question: CheckQuestion) => {
  try {
    parentPort!.postMessage(answer(question));
  } catch (e) {
    parentPort!.postMessage({ failed: e instanceof Error ? (e.stack ?? e.message) : String(e) } satisfies CheckAnswer);
  }
});
