// Functions over lists and maps: building them from parts that may have no value, and looking things up in them.
// Names of members are compared as text; what is not there is an error, unless the function takes a default.

import type { Json } from '../../base/json.ts';
import {
  anyResult,
  type Builtin,
  EvaluationError,
  integerOf,
  listOf,
  listResult,
  mapOf,
  mapResult,
  strict,
  textListResult,
  textOf,
} from './builtin.ts';

function member(map: Json, key: Json): Json | undefined {
  const members = mapOf(map);
  const name = textOf(key);
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function mustMember(map: Json, key: Json): Json {
  const found = member(map, key);
  if (found === undefined)
    throw new EvaluationError('key_not_found', `the map has no key ${JSON.stringify(textOf(key))}`);
  return found;
}

export const collectionFunctions: Record<string, Builtin> = {
  array: {
    docs: 'The arguments as a list; those without a value are left out.',
    result: listResult,
    arity: { min: 0 },
    apply: (args) => args.map((a) => a()).filter((v): v is Json => v !== undefined),
  },
  object: {
    docs: 'A map from name, value, name, value, …; members without a value are left out.',
    result: mapResult,
    arity: { min: 0 },
    apply: (args) => {
      if (args.length % 2 === 1) throw new EvaluationError('argument_count', 'expected names and values in pairs');
      const members: [string, Json][] = [];
      for (let i = 0; i < args.length; i += 2) {
        const name = args[i]!();
        const value = args[i + 1]!();
        if (name !== undefined && value !== undefined) members.push([textOf(name), value]);
      }
      return Object.fromEntries(members);
    },
  },
  select: {
    docs: 'The element at an index (first, from 0) of a list (second).',
    result: anyResult,
    arity: { min: 2, max: 2 },
    apply: strict((index, list) => {
      const at = integerOf(index!);
      const elements = listOf(list!);
      if (at < 0 || at >= elements.length)
        throw new EvaluationError('index_out_of_range', `index ${at} of a list of ${elements.length}`);
      return elements[at];
    }),
  },
  get: {
    docs: 'The member of a map (first) of a name (second).',
    result: anyResult,
    arity: { min: 2, max: 2 },
    apply: strict((map, key) => mustMember(map!, key!)),
  },
  findInMap: {
    docs: 'The value at two keys (second, third) of a map of maps (first); with a fourth argument, that one where there is none.',
    result: anyResult,
    arity: { min: 3, max: 4 },
    apply: ([map, top, second, otherwise]) => {
      const keys = [top!(), second!()];
      const tree = map!();
      if (keys[0] === undefined || keys[1] === undefined || tree === undefined) return undefined;
      if (otherwise === undefined) return mustMember(mustMember(tree, keys[0]), keys[1]);
      const level = member(tree, keys[0]);
      const found = level === undefined ? undefined : member(level, keys[1]);
      return found ?? otherwise();
    },
  },
  merge: {
    docs: 'One map of all members of the arguments; the later argument wins. Arguments without a value are left out.',
    result: mapResult,
    arity: { min: 1 },
    apply: (args) => {
      const members: [string, Json][] = [];
      for (const argument of args) {
        const value = argument();
        if (value !== undefined) members.push(...Object.entries(mapOf(value)));
      }
      return Object.fromEntries(members);
    },
  },
  keys: {
    docs: 'The names of a map’s members, in text order.',
    result: textListResult,
    arity: { min: 1, max: 1 },
    apply: strict((map) => Object.keys(mapOf(map!)).sort()),
  },
  importValue: {
    docs: 'What another stack exports under a name (first), out of a map of what is known of them. Has no value until it is.',
    result: anyResult,
    arity: { min: 1, max: 2 },
    apply: ([name, known]) => {
      const asked = name!();
      if (asked === undefined) return undefined;
      const [text, values] = [textOf(asked), known?.()];
      return values === undefined ? undefined : member(values, text);
    },
  },
};
