// Words, quoted texts, operators and brackets of a filter, each with its place.

/** What is wrong with a filter, and at which character it was noticed. */
export class FilterError extends Error {
  constructor(message: string, at: number) {
    super(`${message} (at character ${at + 1}).`);
    this.name = "FilterError";
  }
}

export interface Token {
  readonly kind: "word" | "quoted" | "operator" | "bracket";
  readonly text: string;
  /** Place of its first character, from 0. */
  readonly at: number;
}

const SPACE = /\s+/y;
const OPERATOR = /==|!=|<=|>=|[=<>~≤≥≠]/y;
const BRACKET = /[()]/y;
const WORD = /[^\s()=<>~!"'≤≥≠]+/y;
/** Signs of mathematics mean what they mean. */
const PLAIN: Readonly<Record<string, string>> = { "≤": "<=", "≥": ">=", "≠": "!=" };

/** Throws FilterError for a quote that never ends and for characters that mean nothing. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = match(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const quote = text[at]!;
    if (quote === '"' || quote === "'") {
      const end = text.indexOf(quote, at + 1);
      if (end < 0) throw new FilterError("a quote is not closed", at);
      tokens.push({ kind: "quoted", text: text.slice(at + 1, end), at });
      at = end + 1;
      continue;
    }
    const operator = match(OPERATOR);
    const bracket = match(BRACKET);
    const found = operator ?? bracket ?? match(WORD);
    if (found === undefined) throw new FilterError(`“${quote}” means nothing here`, at);
    const kind = operator !== undefined ? "operator" : bracket !== undefined ? "bracket" : "word";
    tokens.push({ kind, text: PLAIN[found] ?? found, at });
    at += found.length;
  }
  return tokens;
}
