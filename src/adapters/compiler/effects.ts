// Which names have effects: they read or change the world outside of the function, or give another answer at another time.
// A function that uses one runs in a process of its own and is not remembered. What is not listed is either part of the
// language or a library that only computes.

import type { Reference } from './scope.ts';
import { literalText, type Node, nameOf, part, parts } from './syntax.ts';

const effects = new Set(
  (
    'fetch connect Pg CloudControl STS siExec requestStorage fs os process require module exports __dirname __filename Deno Bun ' +
    'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask ' +
    'WebSocket EventSource XMLHttpRequest Request Response Headers FormData Blob File AbortController AbortSignal ' +
    'performance crypto navigator localStorage sessionStorage Worker MessageChannel BroadcastChannel WebAssembly'
  ).split(' '),
);

/** They only compute, but are not part of the language: an isolate that has one says so (`isolateNames`). */
const processOnly = (
  'Buffer zlib URL URLSearchParams TextEncoder TextDecoder TextEncoderStream TextDecoderStream structuredClone atob btoa ' +
  'Event EventTarget Intl path'
).split(' ');

/** Members of pure names. */
const members = new Set(['Date.now', 'Math.random']);

/** Kinds of functions that are called for their effects. */
export const kindsWithEffects: readonly string[] = ['authentication'];

/** Every name that needs a process, given those that the isolate has besides the language. */
export function namesWithEffects(isolateNames: readonly string[]): ReadonlySet<string> {
  return new Set([...effects, ...processOnly.filter((name) => !isolateNames.includes(name))]);
}

/** The name among `names` that a free reference stands for; undefined when there is none. */
export function effectOf({ name, heads }: Reference, names: ReadonlySet<string>): string | undefined {
  if (names.has(name)) return name;
  switch (heads?.type) {
    case 'MemberExpression': {
      const member = memberName(heads);
      if (member === undefined) return undefined;
      if (name === 'globalThis') return names.has(member) ? member : undefined;
      return members.has(`${name}.${member}`) ? `${name}.${member}` : undefined;
    }
    // The present time; a date made from an argument is a plain value.
    case 'CallExpression':
      return name === 'Date' ? 'Date' : undefined;
    case 'NewExpression':
      return name === 'Date' && parts(heads, 'arguments').length === 0 ? 'Date' : undefined;
    default:
      return undefined;
  }
}

function memberName(access: Node): string | undefined {
  const property = part(access, 'property');
  return access['computed'] === true ? literalText(property) : nameOf(property);
}

/** `@effects` in a comment: the function has effects that cannot be seen. */
export function declaresEffects(comment: string): boolean {
  return /(?:^|[\s*])@effects\b/.test(comment);
}
