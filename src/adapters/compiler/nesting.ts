// How deeply a text can make a parser recurse, found before it is parsed: the parser is native code, and a text nested
// some thousands deep would take the whole process with it. One pass, no recursion, an upper bound: brackets that are open,
// and for each of them the operators and statement heads that may still be waiting for an operand. Where it cannot be told
// whether a slash divides or opens a regular expression, nothing behind it is taken off the count any more.

const depthMax = 800;

const opening = '([{';
const closing = ')]}';
const operator = '=<>?:!~+-*%&|^/@.';
/** Words after which an expression begins, so that a slash opens a regular expression. */
const beforeOperand = new Set(
  'return typeof case in of delete void throw new do else instanceof extends default as satisfies keyof infer is'.split(
    ' ',
  ),
);
/** Words that may be either, or that take one more statement or operand below them. */
const nesting = new Set(
  (
    'if else for while do with new typeof void delete await yield class extends keyof infer unique readonly async ' +
    'function asserts abstract throw return in of instanceof as satisfies is case'
  ).split(' '),
);
/** Words that go on with the statement or expression before them, also behind a semicolon or a brace. */
const continuing = new Set('else while catch finally in of instanceof as satisfies is extends'.split(' '));
const headWords = new Set(['if', 'while', 'for', 'with']);
const unsure = new Set(['yield', 'await', 'of', 'let', 'async', 'is', 'as', 'satisfies', 'keyof', 'infer', 'default']);
const lineEnd = /[\n\r\u2028\u2029]/;
const wordChar = /[\p{ID_Continue}$\\#]|\u200c|\u200d/u;

function endsOperand(token: string): boolean {
  if (token === "'" || token === ')' || token === ']' || token === '}') return true;
  return token !== '' && wordChar.test(token[0]!) && !nesting.has(token);
}

interface Level {
  readonly bracket: string;
  /** Operators since the last comma or end of a statement. */
  operators: number;
  /** Of those, what a comma does not end: type arguments, statement heads. */
  kept: number;
  /** For `(`: does it belong to `if`, `while`, …, so that a slash behind it opens a regular expression? */
  readonly head: boolean;
  /** For `{`: opened by `${` in a template. */
  readonly template: boolean;
}

/** Where the text nests too deeply for a parser, as an offset; undefined when it does not. */
export function findTooDeep(text: string): number | undefined {
  if (text.length <= depthMax) return undefined;
  return new NestingScan(text).run();
}

class NestingScan {
  readonly #text: string;
  #at = 0;
  readonly #levels: Level[] = [{ bracket: '', operators: 0, kept: 0, head: false, template: false }];
  #depth = 0;
  /** The last token: a word, a punctuator's last character, or a quote for any literal; '' at the beginning. */
  #last = '';
  #beforeLast = '';
  /** Has a line ended since the last token, and before it? */
  #lineBroken = false;
  #brokeBefore = false;
  /** Of the bracket closed last. */
  #closedHead = false;
  #tooDeepAt: number | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  run(): number | undefined {
    const text = this.#text;
    while (this.#at < text.length && this.#tooDeepAt === undefined) {
      const c = text[this.#at]!;
      if (lineEnd.test(c)) {
        this.#lineBroken = true;
        this.#at++;
      } else if (/\s/.test(c)) this.#at++;
      else if (c === '/' && text[this.#at + 1] === '/') this.#skipLine();
      else if (c === '/' && text[this.#at + 1] === '*') this.#skipBlock();
      else if (c === '"' || c === "'") this.#string(c);
      else if (c === '`') {
        if (this.#endsOperand()) this.#count(false);
        this.#at++;
        this.#template();
      } else if (c === '/') {
        if (!this.#slash()) return this.#countRest();
      } else if (wordChar.test(c) || c > '\ud7ff') this.#word();
      else this.#punctuator(c);
    }
    return this.#tooDeepAt;
  }

  get #level(): Level {
    return this.#levels[this.#levels.length - 1]!;
  }

  #count(kept: boolean): void {
    this.#level.operators++;
    if (kept) this.#level.kept++;
    if (++this.#depth > depthMax) this.#tooDeepAt ??= this.#at;
  }

  #reset(to: number): void {
    this.#depth -= this.#level.operators - to;
    this.#level.operators = to;
    this.#level.kept = Math.min(this.#level.kept, to);
  }

  #token(token: string): void {
    this.#beforeLast = this.#last;
    this.#last = token;
    this.#brokeBefore = this.#lineBroken;
    this.#lineBroken = false;
  }

  #open(bracket: string, template: boolean): void {
    if (!template && this.#endsOperand()) this.#count(false);
    const head =
      bracket === '(' && (headWords.has(this.#last) || (this.#last === 'await' && this.#beforeLast === 'for'));
    this.#levels.push({ bracket, operators: 0, kept: 0, head, template });
    if (++this.#depth > depthMax) this.#tooDeepAt ??= this.#at;
    this.#token(bracket);
    this.#at++;
  }

  #close(bracket: string): void {
    const level = this.#level;
    this.#at++;
    // A bracket that closes nothing is an error at which the parser stops.
    if (this.#levels.length > 1 && opening.indexOf(level.bracket) === closing.indexOf(bracket)) {
      this.#levels.pop();
      this.#depth -= 1 + level.operators;
      this.#closedHead = level.head;
      if (level.template) {
        this.#template();
        return;
      }
    }
    this.#token(bracket);
  }

  #punctuator(c: string): void {
    if (opening.includes(c)) {
      this.#open(c, false);
      return;
    }
    if (closing.includes(c)) {
      this.#close(c);
      return;
    }
    if (c === ';' || c === ',') this.#reset(this.#level.kept);
    else if (operator.includes(c)) this.#count(c === '<');
    this.#token((c === '+' || c === '-') && this.#last === c ? `${c}${c}` : c);
    this.#at++;
  }

  #word(): void {
    const text = this.#text;
    const from = this.#at;
    this.#at++;
    while (this.#at < text.length && (wordChar.test(text[this.#at]!) || text[this.#at]! > '\ud7ff')) this.#at++;
    const word = text.slice(from, this.#at);
    const member = this.#last === '.';
    // A statement ends where a line ends behind an operand and the next begins with a word that continues nothing.
    if ((this.#last === '}' || this.#last === ';') && !continuing.has(word)) this.#reset(0);
    else if (this.#lineBroken && this.#endsOperand() && !nesting.has(word)) this.#reset(this.#level.kept);
    if (nesting.has(word) && !member) this.#count(true);
    this.#token(member ? 'x' : word);
  }

  #endsOperand(): boolean {
    return endsOperand(this.#last);
  }

  /** Does a slash that is no comment divide? undefined: it cannot be told. */
  #divides(): boolean | undefined {
    const last = this.#last;
    if (last === '>') return this.#beforeLast === '=' ? false : undefined;
    if (last === '!') {
      // Behind an operand of the same line it says “not null”; else it negates what follows.
      if (!endsOperand(this.#beforeLast)) return false;
      if (this.#beforeLast === ')' && this.#closedHead) return false;
      return this.#beforeLast === '}' || this.#brokeBefore || unsure.has(this.#beforeLast) ? undefined : true;
    }
    if (unsure.has(last) || last === '}' || last === '++' || last === '--') return undefined;
    if (last === "'" || last === ']') return true;
    if (last === ')') return !this.#closedHead;
    return last !== '' && wordChar.test(last[0]!) && !beforeOperand.has(last);
  }

  /** A slash that is no comment; false when it cannot be told what it is. */
  #slash(): boolean {
    const divides = this.#divides();
    if (divides === undefined) return false;
    if (divides) {
      this.#count(false);
      this.#token('/');
      this.#at++;
      return true;
    }
    let inClass = false;
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (lineEnd.test(c)) break;
      if (c === '\\') this.#at++;
      else if (c === '[') inClass = true;
      else if (c === ']') inClass = false;
      else if (c === '/' && !inClass) {
        this.#at++;
        break;
      }
    }
    this.#token("'");
    return true;
  }

  #string(quote: string): void {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (c === quote || c === '\n' || c === '\r') break;
      if (c === '\\') {
        if (this.#text[this.#at + 1] === '\r' && this.#text[this.#at + 2] === '\n') this.#at++;
        this.#at++;
      }
    }
    this.#at++;
    this.#token("'");
  }

  /** From behind a backtick, or behind the brace that ends a substitution, to the end of the template or the next one. */
  #template(): void {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const c = text[this.#at]!;
      if (c === '\\') this.#at++;
      else if (c === '`') {
        this.#at++;
        this.#token("'");
        return;
      } else if (c === '$' && text[this.#at + 1] === '{') {
        this.#at++;
        this.#open('{', true);
        return;
      }
    }
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && !lineEnd.test(this.#text[this.#at]!)) this.#at++;
  }

  #skipBlock(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    const to = end === -1 ? this.#text.length : end + 2;
    if (lineEnd.test(this.#text.slice(this.#at, to))) this.#lineBroken = true;
    this.#at = to;
  }

  /** The rest, of which nothing is sure: everything that may nest counts, nothing is taken off. */
  #countRest(): number | undefined {
    const rest =
      /[([{=<>?:!~+\-*%&|^/@.`]|\b(?:if|else|for|while|do|with|new|typeof|void|delete|await|yield|class|extends)\b/g;
    rest.lastIndex = this.#at;
    let depth = this.#depth;
    for (const found of this.#text.slice(this.#at).matchAll(rest)) {
      if (++depth > depthMax) return this.#at + found.index;
    }
    return undefined;
  }
}
