// The thread that looks at types, as its caller sees it: started by the first question, asked one question at a time, ended
// when it answers too late, breaks, or has had nothing to do for a while. The next question starts another.

import { Worker } from 'node:worker_threads';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { CheckRequest, Completion, Diagnostic } from '../../ports/compiler.ts';
import type { CheckAnswer, CheckQuestion } from './check_worker.ts';
import { compileText } from './compile.ts';

/** The worker is compiled code also where this file runs as it is written. */
const workerUrl = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/adapters/compiler/check_worker.js', import.meta.url)
  : new URL('./check_worker.js', import.meta.url);

type Outcome = { readonly answer: CheckAnswer } | { readonly late: true };

export class CheckThread {
  readonly #timeMs: number;
  #worker: Worker | undefined;
  /** The schema that the worker has, so that it is not sent with every key stroke. */
  #known: VariantSpec | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(timeMs: number) {
    this.#timeMs = timeMs;
  }

  async check(request: CheckRequest): Promise<readonly Diagnostic[]> {
    const compiled = compileText(request.text, request.kind);
    const own = 'script' in compiled ? [] : compiled;
    // Another parser would not get through such a text either.
    if (own.some((d) => d.code === 'too_deep' || d.code === 'too_slow')) return own;
    const outcome = await this.#ask({ request, at: undefined });
    if ('late' in outcome) return [...own, late(this.#timeMs)];
    const found = outcome.answer.diagnostics ?? [];
    const imports = own.some((d) => d.code === 'import_refused');
    const extra = own.filter((d) => d.code !== 'syntax' || found.length === 0);
    const theirs = imports ? found.filter((d) => d.code !== 'TS2307') : found;
    return [...extra, ...theirs].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  async complete(request: CheckRequest, line: number, column: number): Promise<readonly Completion[]> {
    const outcome = await this.#ask({ request, at: { line, column } });
    if ('late' in outcome) throw new Fault('compiler_failed', `no completions within ${this.#timeMs} ms`);
    return outcome.answer.completions ?? [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end();
  }

  /** One question after the other. */
  #ask(question: CheckQuestion): Promise<Outcome> {
    const turn = this.#queue.then(() => this.#askNow(question));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #askNow(question: CheckQuestion): Promise<Outcome> {
    if (this.#closed) throw new Fault('compiler_failed', 'the compiler is closed');
    clearTimeout(this.#idle);
    const worker = this.#started();
    const { spec, ...rest } = question.request;
    const isKnown = spec === this.#known;
    this.#known = spec;
    return new Promise<Outcome>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        worker.unref();
        this.#idle = setTimeout(() => void this.#end(), limits.checkIdleMs);
        this.#idle.unref();
        act();
      };
      const onMessage = (answer: CheckAnswer) =>
        settle(() => {
          if (answer.failed === undefined) resolve({ answer });
          else reject(new Fault('compiler_failed', answer.failed));
        });
      const broken = (cause: Error) =>
        settle(() => {
          this.#forget();
          reject(
            new Fault('compiler_failed', `the thread that checks types broke: ${cause.message}`, undefined, { cause }),
          );
        });
      const onError = (cause: Error) => broken(cause);
      const onExit = (code: number) => broken(new Error(`it ended with ${code}`));
      const timer = setTimeout(() => {
        settle(() => {
          void this.#end();
          resolve({ late: true });
        });
      }, this.#timeMs);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.ref();
      const request: CheckRequest = spec === undefined || isKnown ? rest : { ...rest, spec };
      worker.postMessage({ ...question, request, keepsSpec: isKnown && spec !== undefined } satisfies CheckQuestion);
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(workerUrl, {
      resourceLimits: { maxOldGenerationSizeMb: limits.checkMemoryMib },
      env: {},
    });
    // An error between two questions: the next one finds no worker and starts another.
    worker.on('error', () => this.#worker === worker && this.#forget());
    worker.on('exit', () => this.#worker === worker && this.#forget());
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #forget(): void {
    this.#worker = undefined;
    this.#known = undefined;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#forget();
    await worker?.terminate();
  }
}

function late(timeMs: number): Diagnostic {
  const message = `The types could not be checked within ${timeMs} ms.`;
  return { severity: 'error', line: 1, column: 1, length: 0, message, code: 'check_timed_out' };
}
