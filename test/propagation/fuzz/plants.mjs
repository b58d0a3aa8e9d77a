// Bugs, each a change of one place of the source that the random runs find. `npm run fuzz -- propagation --planted` makes
// each on a copy.

import { plant } from '../../support/plant.mjs';

const propagation = 'src/propagation/propagation.ts';
const calls = 'src/propagation/calls.ts';
const frontier = 'src/propagation/frontier.ts';
const marks = 'src/propagation/marks.ts';
const known = 'src/propagation/known.ts';
const readers = 'src/propagation/readers.ts';
const changes = 'src/propagation/changes.ts';
const derived = 'src/propagation/derived.ts';

/** What -> file, what stands there, what the bug makes of it. */
export const plants = {
  'users of ancestors': {
    file: known,
    wanted: 'for (const source of [...ancestorsOf(path), ...from(readers)])',
    bug: 'for (const source of from(readers))',
  },
  'users below': {
    file: known,
    wanted: 'users = this.#usersOf(path, (readers) => readers.within(path));',
    bug: 'users = this.#usersOf(path, () => []);',
  },
  'settled is not reset': {
    file: frontier,
    wanted: '    marked.settled = 0;\n    if (!dirty) return;',
    bug: '    if (!dirty) return;',
  },
  'a call is kept although what it read has been settled as another': {
    file: frontier,
    wanted: '    there.asked = undefined;\n',
    bug: '',
  },
  'a call is kept although what it reads is another': {
    file: frontier,
    wanted: '    marked.dirty = true;\n    marked.asked = undefined;\n',
    bug: '    marked.dirty = true;\n',
  },
  'arguments are kept in another state': { file: marks, wanted: '  t.frontier.stamp++;\n', bug: '' },
  'what was found direct is kept': { file: known, wanted: '    this.direct = new Map();\n', bug: '' },
  'what was read of cells is kept': { file: known, wanted: '    this.#cells = new Map();\n', bug: '' },
  'cells do not change the structure': { file: known, wanted: ' || changes.cells.some(isStructural)', bug: '' },
  'an empty container does not change the structure': {
    file: known,
    wanted: 'return isContainer(before) !== isContainer(after);',
    bug: 'return false;',
  },
  'a new source is not noted': {
    file: readers,
    wanted: '    if (this.#sources !== undefined) insert(this.#sources, source);\n',
    bug: '',
  },
  'a new reader is not noted': {
    file: readers,
    wanted: 'if (added) this.#add(source.path, user);',
    bug: 'if (added) return;',
  },
  'a reader that went is still known': {
    file: readers,
    wanted: '    else this.#remove(source.path, user);\n',
    bug: '',
  },
  'readers that come while others are found are missed': {
    file: readers,
    wanted: 'if (this.#after !== undefined && compareText(',
    bug: 'if (this.#after !== undefined || compareText(',
  },
  'a vertex that went is still known': { file: known, wanted: '    else remove(this.#vertices, path);\n', bug: '' },
  'the cut-off does not look at what is awaited': {
    file: derived,
    wanted: "return b.state === 'value' && a.awaits === b.awaits && (",
    bug: "return b.state === 'value' && (",
  },
  'the cut-off does not look at where an error comes from': {
    file: derived,
    wanted: ' && a.message === b.message && a.root === b.root;',
    bug: ' && a.message === b.message;',
  },
  'every result is equal': {
    file: propagation,
    wanted: 'kept === undefined || !sameEvaluated(kept.is, is);',
    bug: 'kept === undefined;',
  },
  'no result is equal': {
    file: propagation,
    wanted: 'const changed = kept === undefined || !sameEvaluated(kept.is, is);',
    bug: 'const changed = true;',
  },
  'a vertex whose own cell changed is not marked': {
    file: marks,
    wanted: '  if (isFollowing(before) || isFollowing(after)) t.frontier.mark(component + path, true);\n',
    bug: '',
  },
  'what is declared over an output is not looked at': {
    file: marks,
    wanted: 'if (known.hasBounds) for (const output of known.outputsAt(path)) markOutput(t, component, output);',
    bug: '',
  },
  'readers of an output that is not in force any more are not told': {
    file: marks,
    wanted: '  t.frontier.spreadTo(component, (k) => k.usersAt(output));\n',
    bug: '',
  },
  'readers of a component that comes or goes are not told': {
    file: marks,
    wanted: '    t.frontier.spreadTo(id, (known) => known.allUsers());\n',
    bug: '',
  },
  'other bindings are not noticed': {
    file: marks,
    wanted: 'for (const output of otherOutputs(bounds.get(id)!, boundsOf(id))) markOutput(t, id, output);',
    bug: '{}',
  },
  'reports are not noticed': {
    file: marks,
    wanted: "['/resource', '/resource_value', '/si/resourceId']",
    bug: "['/resource', '/si/resourceId']",
  },
  'calls in expressions are not noticed': {
    file: marks,
    wanted: '  for (const address of changes.callers) t.frontier.mark(address, true);\n',
    bug: '',
  },
  'a call gets the result of another': {
    file: calls,
    wanted: 'kept?.calls?.find((c) => c.key === key)?.gave',
    bug: 'kept?.calls?.[0]?.gave',
  },
  'what is read stays with another structure': {
    file: frontier,
    wanted: '    marked.reads = undefined;\n    marked.settled = 0;\n',
    bug: '',
  },
  'the way down is kept over an edit': {
    file: marks,
    wanted: '  if (t.known.structure !== structure) t.frontier.unwind();\n',
    bug: '',
  },
  'held by what waits for nothing': {
    file: propagation,
    wanted: 'if (holder?.waits !== undefined) {',
    bug: 'if (holder !== undefined) {',
  },
  'a portion looks at more': {
    file: propagation,
    wanted: 'this.#lookForMore(this.#unseen, most - done)',
    bug: 'this.#lookForMore(this.#unseen, 1_000)',
  },
  'values of vertices that went stay': {
    file: propagation,
    wanted: '      this.#derived.delete(address);\n',
    bug: '',
  },
  'a fork forgets what has changed': {
    file: propagation,
    wanted: 'other.#frontier.mark(address, dirty);',
    bug: 'other.#frontier.mark(address, false);',
  },
  'what was on a cycle is not looked at again': {
    file: propagation,
    wanted: ' && !isOnCycle(kept.is)) {',
    bug: ') {',
  },
  'something is computed before all is marked': {
    file: propagation,
    wanted: 'if (this.#frontier.isSpreading) {',
    bug: 'if (this.#frontier.isSpreading && done === 0) {',
  },
  'what comes or goes is not noticed': {
    file: changes,
    wanted: 'if (isAbsent(before, component) !== isAbsent(after, component)) whole.add(component);',
    bug: '{}',
  },
  'a lock counts as another type': {
    file: changes,
    wanted: '    if (a?.spec === b?.spec) continue;\n',
    bug: '',
  },
  'the text of a function is not noticed': {
    file: changes,
    wanted: 'if (functions.has((JSON.parse(text) as BindingRecord).function)) target(text);',
    bug: '{}',
  },
  'a move reaches what is inside': {
    file: marks,
    wanted: '(isMove || isEmpty ?',
    bug: '(isEmpty ?',
  },
  'an empty container reaches what is inside': {
    file: marks,
    wanted: '(isMove || isEmpty ?',
    bug: '(isMove ?',
  },
};

/** A source with a bug; other files as they are. */
export function withPlant(name, file, text) {
  return plant(name, plants[name], file, text);
}
