// Patterns of the search language: texts in which `*` stands for any run of characters, compared without regard to case.
//
// A pattern is the literal pieces between its stars. Matching takes the first and the last piece off the ends and finds
// the others from left to right, each with the algorithm of Knuth, Morris and Pratt (SIAM J. Comput. 6, 1977): its time
// grows with the sum of the lengths of pattern and text, whatever they hold.

export interface Piece {
  /** As written. */
  readonly text: string;
  readonly folded: string;
  /** For each length of a matched beginning, the length of its longest proper border. */
  readonly borders: readonly number[];
}

/** At least one piece; with one there is no star. */
export type Pattern = readonly Piece[];

/** The pattern with these literal texts between its stars. */
export function patternOf(texts: readonly string[]): Pattern {
  return texts.map((text) => {
    const folded = text.toLowerCase();
    return { text, folded, borders: bordersOf(folded) };
  });
}

/** Matches any text. */
export const anything: Pattern = patternOf(['', '']);

/** Is the whole of `folded`, a text in lower case, like the pattern? */
export function matchesWhole(pattern: Pattern, folded: string): boolean {
  const first = pattern[0]!.folded;
  const last = pattern.at(-1)!.folded;
  if (pattern.length === 1) return folded === first;
  if (first.length + last.length > folded.length) return false;
  if (!folded.startsWith(first) || !folded.endsWith(last)) return false;
  return findPieces(pattern.slice(1, -1), folded, first.length, folded.length - last.length);
}

/** Is some part of `folded`, a text in lower case, like the pattern? */
export function matchesPart(pattern: Pattern, folded: string): boolean {
  return findPieces(pattern, folded, 0, folded.length);
}

/** Do the pieces occur one after another between `from` and `to`? The leftmost place of each leaves most to the next. */
function findPieces(pieces: readonly Piece[], text: string, from: number, to: number): boolean {
  let at = from;
  for (const piece of pieces) {
    at = endOf(piece, text, at, to);
    if (at === -1) return false;
  }
  return true;
}

/** Where the leftmost occurrence of the piece between `from` and `to` ends; -1 when there is none. */
function endOf(piece: Piece, text: string, from: number, to: number): number {
  const { folded, borders } = piece;
  if (folded === '') return from;
  let matched = 0;
  for (let i = from; i < to; i++) {
    while (matched > 0 && folded.charCodeAt(matched) !== text.charCodeAt(i)) matched = borders[matched]!;
    if (folded.charCodeAt(matched) === text.charCodeAt(i)) matched++;
    if (matched === folded.length) return i + 1;
  }
  return -1;
}

function bordersOf(text: string): readonly number[] {
  const borders = [0, 0];
  let border = 0;
  for (let i = 1; i < text.length; i++) {
    while (border > 0 && text.charCodeAt(border) !== text.charCodeAt(i)) border = borders[border]!;
    if (text.charCodeAt(border) === text.charCodeAt(i)) border++;
    borders.push(border);
  }
  return borders;
}
