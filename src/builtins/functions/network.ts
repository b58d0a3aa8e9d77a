// Address blocks and availability zones. Blocks are worked out on big integers, so that IPv4 and IPv6 are one algorithm:
// the block is divided from its first address on into equal blocks of `bits` host bits.

import { type Builtin, EvaluationError, integerOf, strict, textListResult, textOf } from './builtin.ts';

interface Block {
  readonly address: bigint;
  readonly prefix: number;
  /** 32 or 128. */
  readonly width: number;
}

function invalid(text: string, why: string): EvaluationError {
  return new EvaluationError('address_invalid', `${JSON.stringify(text)}: ${why}`);
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let out = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    out = (out << 8n) | BigInt(Number(part));
  }
  return out;
}

function parseIpv6(text: string): bigint | undefined {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(source);
  if (dotted) {
    const tail = parseIpv4(dotted[2]!);
    if (tail === undefined) return undefined;
    source = `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let out = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    out = (out << 16n) | BigInt(Number.parseInt(group, 16));
  }
  return out;
}

function parseBlock(text: string): Block {
  const [address, length, ...rest] = text.trim().split('/');
  if (rest.length > 0 || length === undefined || !/^\d{1,3}$/.test(length))
    throw invalid(text, 'expected an address, a slash and a prefix length');
  const v4 = parseIpv4(address!);
  const v6 = v4 === undefined ? parseIpv6(address!) : undefined;
  const width = v4 === undefined ? 128 : 32;
  const value = v4 ?? v6;
  const prefix = Number(length);
  if (value === undefined) throw invalid(text, 'not an IPv4 or IPv6 address');
  if (prefix > width) throw invalid(text, `the prefix is at most ${width}`);
  const host = BigInt(width - prefix);
  return { address: (value >> host) << host, prefix, width };
}

/** RFC 5952: lower case, the longest run of two or more zero groups shortened, the first of equals. */
function ipv6Text(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run++;
    if (run > length) {
      start = i;
      length = run;
    }
  }
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function addressText(address: bigint, width: number): string {
  if (width === 128) return ipv6Text(address);
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}

/** `count` (1 to 256) consecutive blocks of `bits` host bits inside `text`. */
function cidr(text: string, count: number, bits?: number): string[] {
  const block = parseBlock(text);
  if (count < 1 || count > 256) throw invalid(text, `expected 1 to 256 blocks, got ${count}`);
  const hostBits = bits ?? (block.width === 128 ? 64 : undefined);
  if (hostBits === undefined) {
    // Without a size the language takes the largest that fits `count` blocks.
    const free = block.width - block.prefix - (32 - Math.clz32(count - 1));
    return cidr(text, count, Math.max(free, 1));
  }
  if (hostBits < 1 || hostBits > block.width - block.prefix)
    throw invalid(text, `blocks of ${hostBits} bits do not fit`);
  const size = 1n << BigInt(hostBits);
  if (size * BigInt(count) > 1n << BigInt(block.width - block.prefix))
    throw invalid(text, `has no room for ${count} blocks of ${hostBits} bits`);
  return Array.from(
    { length: count },
    (_, i) => `${addressText(block.address + size * BigInt(i), block.width)}/${block.width - hostBits}`,
  );
}

/** Zones offered to ordinary accounts. A region that is not listed has three. */
const zoneLetters: Readonly<Record<string, string>> = {
  'us-east-1': 'abcdef',
  'us-west-1': 'ac',
  'us-west-2': 'abcd',
  'ap-northeast-1': 'acd',
  'ap-northeast-2': 'abcd',
  'ca-central-1': 'abd',
  'cn-north-1': 'abd',
};

function zonesOf(region: string): string[] {
  if (!/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region))
    throw new EvaluationError('region_unknown', `${JSON.stringify(region)} is not a region`);
  return [...(Object.hasOwn(zoneLetters, region) ? zoneLetters[region]! : 'abc')].map((letter) => region + letter);
}

export const networkFunctions: Record<string, Builtin> = {
  cidr: {
    docs: 'A number (second) of address blocks cut from a block (first), each with so many host bits (third).',
    result: textListResult,
    arity: { min: 2, max: 3 },
    apply: strict((block, count, bits) =>
      cidr(textOf(block!), integerOf(count!), bits === undefined ? undefined : integerOf(bits)),
    ),
  },
  getAzs: {
    docs: 'The availability zones of a region (first); where that is empty, of the region of the stack (second).',
    result: textListResult,
    arity: { min: 1, max: 2 },
    apply: ([region, own]) => {
      const asked = region!();
      // A template in JSON that was made of one in YAML has null where nothing was written.
      const isEmpty = asked === '' || asked === null;
      const used = isEmpty && own !== undefined ? own() : asked;
      return used === undefined ? undefined : zonesOf(textOf(used));
    },
  },
};
