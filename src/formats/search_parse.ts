// The grammar of the search language: text to query.
//
//   query  = [ or ]                       nothing: every component
//   or     = and { '|' and }              also '||'
//   and    = not { [ '&' ] not }          also '&&'
//   not    = { '!' } ( '(' or ')' | term )
//   term   = word                         no single ':' in it: a pattern of name or schema name
//          | key ':' [ '!' ] value { '|' value }      no space around this '|'; no value: any; key 'schema', or a path
// A word is a run of characters with quoted parts; quotes take the meaning from all but `*`, `\"`, `\\` and `\*`.
// A double colon belongs to a name (`AWS::EC2::VPC`), so that only a single one ends a key.

import { attempt, must, type Result, refuse } from '../base/result.ts';
import { anything, type Pattern, patternOf } from './search_pattern.ts';

/** In normal form: no `and` or `or` directly in its like, none with fewer than two members, no `not` in a `not`. */
export type SearchQuery =
  | { readonly kind: 'all' }
  /** Some part of the component's name or its schema's name is like the pattern. */
  | { readonly kind: 'word'; readonly pattern: Pattern }
  /** The schema's name is like one of the patterns; for a pattern without `::`, also the name's last part. */
  | { readonly kind: 'schema'; readonly patterns: readonly Pattern[] }
  /** An attribute at the path has a value like one of the patterns; `isOther`: a value like none of them. */
  | {
      readonly kind: 'attribute';
      readonly path: string;
      readonly patterns: readonly Pattern[];
      readonly isOther: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly of: readonly SearchQuery[] }
  | { readonly kind: 'not'; readonly of: SearchQuery };

/** UTF-16 units of a query. */
const searchCharsMax = 8_192;
/** Parentheses in parentheses. */
const searchDepthMax = 64;

/**
 * Refuses `request_malformed` with what was expected where (`data.position`: UTF-16 units before it), `limit_exceeded`
 * when the text is too long or nested too deep.
 */
export function parseSearch(text: string): Result<SearchQuery> {
  return attempt(() => {
    if (text.length > searchCharsMax) tooMuch(`a search of at most ${searchCharsMax} characters`, `${text.length}`);
    return new Parser(text).query();
  });
}

/** One character of a word and where it stands; a star that is not escaped is undefined. */
interface WordChar {
  readonly char: string | undefined;
  readonly at: number;
  /** It has no meaning of its own. */
  readonly isQuoted: boolean;
}

const endsWord = /[\s()&|]/;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  query(): SearchQuery {
    this.#space();
    if (this.#at === this.#text.length) return { kind: 'all' };
    const query = this.#or();
    if (this.#at < this.#text.length) this.#expected('the end, or a "(" before');
    return query;
  }

  #or(): SearchQuery {
    const of = [this.#and()];
    while (this.#take('|')) {
      this.#take('|');
      of.push(this.#and());
    }
    return join('or', of);
  }

  #and(): SearchQuery {
    const of = [this.#not()];
    while (true) {
      this.#space();
      if (this.#take('&')) this.#take('&');
      else if (this.#at === this.#text.length || this.#isNext('|') || this.#isNext(')')) return join('and', of);
      of.push(this.#not());
    }
  }

  #not(): SearchQuery {
    let isNegated = false;
    this.#space();
    while (this.#take('!')) {
      isNegated = !isNegated;
      this.#space();
    }
    const query = this.#take('(') ? this.#group() : this.#term();
    return isNegated ? negate(query) : query;
  }

  #group(): SearchQuery {
    this.#depth++;
    if (this.#depth > searchDepthMax) tooMuch(`at most ${searchDepthMax} parentheses in each other`, 'more');
    const query = this.#or();
    if (!this.#take(')')) this.#expected('")"');
    this.#depth--;
    return query;
  }

  #term(): SearchQuery {
    const start = this.#at;
    const word = this.#word();
    const colon = separatorOf(word);
    if (colon === -1) return { kind: 'word', pattern: this.#pattern(word, start, 'a name, a path or "("') };
    const path = this.#path(word.slice(0, colon), start);
    // The value is read anew: it may have parts after a "|".
    this.#at = word[colon]!.at + 1;
    const key = this.#text.slice(start, this.#at);
    const isOther = this.#take('!');
    const patterns = this.#isWord() || isOther ? this.#patterns(key) : [anything];
    if (key.toLowerCase() !== 'schema:') return { kind: 'attribute', path, patterns, isOther };
    return isOther ? negate({ kind: 'schema', patterns }) : { kind: 'schema', patterns };
  }

  /** A value, and those that follow a "|" at once. The key may stand before each of them again. */
  #patterns(key: string): readonly Pattern[] {
    const patterns: Pattern[] = [];
    while (true) {
      const start = this.#at;
      patterns.push(this.#pattern(this.#word(), start, 'a value'));
      if (!this.#isNext('|') || !this.#isWord(1)) return patterns;
      const next = this.#text.slice(this.#at + 1, this.#at + 1 + key.length);
      const skip = 1 + (next.toLowerCase() === key.toLowerCase() ? key.length : 0);
      // A negated one is a term of its own.
      if (this.#isNext('!', 1) || this.#isNext('!', skip)) return patterns;
      this.#at += skip;
    }
  }

  #pattern(word: readonly WordChar[], start: number, expected: string): Pattern {
    if (this.#at === start) this.#expected(expected);
    const texts = [''];
    for (const { char } of word) {
      if (char === undefined) texts.push('');
      else texts[texts.length - 1] += char;
    }
    // A star beside a star says nothing more.
    return patternOf(texts.filter((text, i) => text !== '' || i === 0 || i === texts.length - 1));
  }

  #path(key: readonly WordChar[], start: number): string {
    const isPlain = key.every(({ char }) => char !== undefined);
    const path = key.map(({ char }) => char).join('');
    if (isPlain && !/\/$|\/\/|^$/.test(path)) return path;
    this.#at = start;
    return this.#expected(isPlain ? 'a path such as VpcId, Tags/Name or /domain/VpcId' : 'a path without "*"');
  }

  #word(): readonly WordChar[] {
    const word: WordChar[] = [];
    let quote = -1;
    for (; this.#at < this.#text.length; this.#at++) {
      const at = this.#at;
      const char = this.#text[at]!;
      if (quote === -1 && endsWord.test(char)) break;
      if (char === '"') quote = quote === -1 ? at : -1;
      else if (char === '*') word.push({ char: undefined, at, isQuoted: false });
      else if (quote !== -1 && char === '\\' && /["\\*]/.test(this.#text[at + 1] ?? '')) {
        word.push({ char: this.#text[at + 1], at, isQuoted: true });
        this.#at++;
      } else word.push({ char, at, isQuoted: quote !== -1 });
    }
    return quote === -1 ? word : this.#expected(`a quote that closes the one at character ${quote + 1}`);
  }

  /** Does a word begin here, or `ahead` characters further? */
  #isWord(ahead = 0): boolean {
    const char = this.#text[this.#at + ahead];
    return char !== undefined && !endsWord.test(char);
  }

  #space(): void {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at]!)) this.#at++;
  }

  #isNext(char: string, ahead = 0): boolean {
    return this.#text[this.#at + ahead] === char;
  }

  #take(char: string): boolean {
    if (!this.#isNext(char)) return false;
    this.#at++;
    return true;
  }

  #expected(expected: string): never {
    const rest = this.#text.slice(this.#at, this.#at + 40);
    const found = rest === '' ? 'the end of the search' : JSON.stringify(rest);
    const hint = 'put text that has spaces, parentheses or any of & | " : in it in quotes';
    const got = `${found} at character ${this.#at + 1}`;
    return must<never>(refuse('request_malformed', { path: '', expected, got, hint, data: { position: this.#at } }));
  }
}

/** Where the first single colon outside quotes is; -1: nowhere. */
function separatorOf(word: readonly WordChar[]): number {
  const isColon = (i: number) => word[i]?.char === ':' && !word[i]!.isQuoted;
  return word.findIndex((_, i) => isColon(i) && !isColon(i - 1) && !isColon(i + 1));
}

function join(kind: 'and' | 'or', of: readonly SearchQuery[]): SearchQuery {
  return of.length === 1 ? of[0]! : { kind, of: of.flatMap((q) => (q.kind === kind ? q.of : [q])) };
}

function negate(query: SearchQuery): SearchQuery {
  return query.kind === 'not' ? query.of : { kind: 'not', of: query };
}

function tooMuch(expected: string, got: string): never {
  return must<never>(refuse('limit_exceeded', { path: '', expected, got, hint: 'search for less at a time' }));
}
