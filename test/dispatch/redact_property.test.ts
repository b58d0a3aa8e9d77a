// Redaction of random secrets, in random forms, in random surroundings, in random chunks. Forms are made and checked with Node's
// own encoders. The surroundings are of two kinds: such that the exact result is known, and hostile ones, of parts of the secret
// and of its forms, where only the laws are checked.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../../src/dispatch/redact.ts';
import { isTainted } from '../../src/dispatch/taint.ts';
import { chunksOf, encodings } from './encodings.ts';

const withoutBreaks = (text: string) => text.replaceAll(/[\r\n]/g, '');

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\n', '\r\n', ' ', '\t', '+', '/', '\\', '"', '%', '&', 'ab', 'aa', '\\u0041', '%41'),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }) },
);

/** Not one that the mark holds a part of, nor one whose breaks divide it. */
const secretText = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(''))
  .filter((s) => withoutBreaks(s).length >= 4 && !/[[\]]|[\r\n]{9}/.test(s) && !'redacted'.includes(s.trim()));

const howEncoded = fc.constantFrom(...Object.keys(encodings));
const chunkEnds = fc.array(fc.nat({ max: 400 }), { maxLength: 30 });

/** Characters of no form, and none that opens or goes on with an escape. */
const neutral = fc.string({ unit: fc.constantFrom('¦', '«', '»', '§', '…', '¶'), minLength: 1, maxLength: 8 });

function streamed(redactor: Redactor, chunks: readonly string[]): string {
  const stream = redactor.stream();
  return chunks.map((chunk) => stream.push(chunk)).join('') + stream.flush();
}

const runs = 2_000;

describe('many secrets that overlap', () => {
  // Of three characters that no encoding uses, so that a search for each secret at each place gives the exact result.
  const letters = fc.constantFrom('¦', '«', '§');
  /** Secrets are parts of one text, so that each may stand in another, or end as another begins; so are most chunks. */
  const part = (text: string) =>
    fc.tuple(fc.nat(7), fc.integer({ min: 4, max: 9 })).map(([at, n]) => text.slice(at, at + n));
  const world = fc.string({ unit: letters, minLength: 16, maxLength: 16 }).chain((text) =>
    fc.record({
      secrets: fc.array(part(text), { minLength: 1, maxLength: 5 }),
      chunks: fc.array(fc.oneof(part(text), fc.string({ unit: letters, maxLength: 3 })), { maxLength: 8 }),
    }),
  );

  /** `text` before `end`, with every place that a secret covers anywhere in it redacted. */
  function slowly(secrets: readonly string[], text: string, end: number): string {
    const covered = new Set<number>();
    for (const secret of secrets) {
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
        for (let i = at; i < at + secret.length; i++) covered.add(i);
      }
    }
    let out = '';
    for (let i = 0; i < end; i++) {
      if (!covered.has(i)) out += text[i];
      else if (!covered.has(i - 1)) out += '[redacted]';
    }
    return out;
  }

  /** Where the longest end of the text begins that is the beginning of a secret. */
  function heldFrom(secrets: readonly string[], text: string): number {
    for (let at = Math.max(0, text.length - 9); at < text.length; at++) {
      const end = text.slice(at);
      if (secrets.some((secret) => secret.length > end.length && secret.startsWith(end))) return at;
    }
    return text.length;
  }

  test('are redacted as a slow search does it, and exactly what could still become one is held back', () => {
    fc.assert(
      fc.property(world, ({ secrets, chunks }) => {
        const stream = new Redactor(secrets).stream();
        let text = '';
        let out = '';
        for (const chunk of chunks) {
          text += chunk;
          out += stream.push(chunk);
          expect(out).toBe(slowly(secrets, text, heldFrom(secrets, text)));
        }
        expect(out + stream.flush()).toBe(slowly(secrets, text, text.length));
      }),
      { numRuns: runs },
    );
  });
});

describe('random secrets', () => {
  test('are redacted in every form, and nothing else is, however the text is cut', () => {
    fc.assert(
      fc.property(secretText, howEncoded, neutral, neutral, chunkEnds, (secret, how, before, after, ends) => {
        // Line breaks at the ends of a secret are no part of it, and may stay in any form.
        fc.pre(!/[¦«»§…¶]|^[\r\n]|[\r\n]$/.test(secret));
        const form = encodings[how]!(secret);
        const text = `${before}${form}${after}`;
        const redactor = new Redactor([{ deep: [secret] }]);
        const whole = redactor.redact(text);
        expect(streamed(redactor, chunksOf(text, ends))).toBe(whole);
        expect(whole.startsWith(before) && whole.endsWith(after)).toBe(true);
        // All that may be left of the form are line breaks, padding behind base64, and the backslashes of an outer level before it.
        const left = withoutBreaks(whole.slice(before.length, whole.length - after.length));
        const outer = how.endsWith(', in JSON') ? /^\\+/ : /^(?!)/;
        const bare = left.replace(outer, '').replace(/(=|%3D|%3d|\\u003D|&#x3d;)*$/, '');
        expect([how, bare]).toEqual([how, '[redacted]']);
        expect(isTainted(redactor, { x: [text] })).toBe(true);
      }),
      { numRuns: runs },
    );
  });

  test('in hostile surroundings: the chunks make no difference, and neither the secret nor its base64 remains', () => {
    const surroundings = (secret: string) =>
      fc
        .array(
          fc.oneof(
            fc.tuple(howEncoded, fc.nat(), fc.nat()).map(([how, a, b]) => {
              const form = encodings[how]!(secret);
              return form.slice(a % form.length, (a % form.length) + (b % form.length) + 1);
            }),
            howEncoded.map((how) => encodings[how]!(secret)),
            piece,
          ),
          { maxLength: 5 },
        )
        .map((parts) => parts.join(''));
    const world = secretText.chain((secret) =>
      fc.record({
        secret: fc.constant(secret),
        before: surroundings(secret),
        after: surroundings(secret),
        ends: chunkEnds,
      }),
    );
    fc.assert(
      fc.property(world, howEncoded, ({ secret, before, after, ends }, how) => {
        const text = `${before}${encodings[how]!(secret)}${after}`;
        const redactor = new Redactor([secret]);
        const whole = redactor.redact(text);
        expect(streamed(redactor, chunksOf(text, ends))).toBe(whole);
        expect(streamed(redactor, text.split(''))).toBe(whole);
        // Nothing is lost: what is left stands in the text in this order.
        let at = 0;
        for (const part of whole.split('[redacted]')) {
          for (const unit of part.split('')) {
            const found = text.indexOf(unit, at);
            expect(found).toBeGreaterThanOrEqual(at);
            at = found + 1;
          }
        }
        const bare = withoutBreaks(whole);
        for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64url')]) {
          if (withoutBreaks(form).length >= 6) expect(bare).not.toContain(withoutBreaks(form));
        }
      }),
      { numRuns: runs },
    );
  });

  test('that are not in a text leave it as it is, to the last character', () => {
    const text = fc.array(fc.oneof(piece, neutral), { maxLength: 20 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        text,
        fc.string({ unit: fc.constantFrom('q', 'z', '9', '0', 'Q'), minLength: 12 }),
        chunkEnds,
        (t, secret, ends) => {
          const redactor = new Redactor([secret]);
          expect(streamed(redactor, chunksOf(t, ends))).toBe(t);
          expect(isTainted(redactor, [t])).toBe(false);
        },
      ),
      { numRuns: runs },
    );
  });

  test('several at once, in one text, are all redacted', () => {
    const mixed = fc.array(fc.tuple(secretText, howEncoded), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(mixed, chunkEnds, (parts, ends) => {
        const redactor = new Redactor(parts.map(([secret]) => secret));
        const text = parts.map(([secret, how]) => encodings[how]!(secret)).join('¦');
        const whole = redactor.redact(text);
        expect(streamed(redactor, chunksOf(text, ends))).toBe(whole);
        for (const [secret] of parts) {
          const bare = withoutBreaks(secret);
          if (!bare.includes('¦')) expect(withoutBreaks(whole)).not.toContain(bare);
        }
      }),
      { numRuns: runs / 2 },
    );
  });
});
