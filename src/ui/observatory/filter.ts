// The filter of the run table: words, and comparisons of settings joined by and, or, not: `optimizer.lr = 0.01 and data.n > 500`.
import type { RunEntry } from "../../record/serve-api.ts";
import { fieldOf, resolveField, showField } from "./run-fields.ts";
import type { FieldValue } from "./run-fields.ts";
import { FilterError, tokenize } from "./filter-tokens.ts";
import type { Token } from "./filter-tokens.ts";

export { FilterError } from "./filter-tokens.ts";

/** Whether a run passes. */
export type Filter = (run: RunEntry) => boolean;

/** What `parseFilter` gives: a filter, or what is wrong and where. */
export type ParsedFilter =
  | { readonly filter: Filter; readonly problem: null }
  | { readonly filter: null; readonly problem: string };

/**
 * Reads a filter. Words alone look into id, name, status, tags and notes; `field op value` compares, with
 * `=  !=  <  <=  >  >=  ~` (regular expression); `and` may be left out; `or` binds less; `not` and parentheses as usual.
 *
 * @param fields names there are; an unknown one is a problem with the nearest name
 */
export function parseFilter(text: string, fields: readonly string[]): ParsedFilter {
  try {
    const tokens = tokenize(text);
    if (tokens.length === 0) return { filter: () => true, problem: null };
    const parser = new Parser(tokens, fields, text.length);
    return { filter: parser.whole(), problem: null };
  } catch (error) {
    if (error instanceof FilterError) return { filter: null, problem: error.message };
    throw error;
  }
}

class Parser {
  #at = 0;
  readonly #tokens: readonly Token[];
  readonly #fields: readonly string[];
  readonly #end: number;

  constructor(tokens: readonly Token[], fields: readonly string[], end: number) {
    this.#tokens = tokens;
    this.#fields = fields;
    this.#end = end;
  }

  whole(): Filter {
    const filter = this.#or();
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new FilterError(`“${left.text}” is not expected`, left.at);
    return filter;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#takeWord("or")) {
      const [one, other] = [left, this.#and()];
      left = (run) => one(run) || other(run);
    }
    return left;
  }

  #and(): Filter {
    let left = this.#not();
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next.text === ")" || isWord(next, "or")) return left;
      this.#takeWord("and");
      const [one, other] = [left, this.#not()];
      left = (run) => one(run) && other(run);
    }
  }

  #not(): Filter {
    if (!this.#takeWord("not")) return this.#term();
    const negated = this.#not();
    return (run) => !negated(run);
  }

  #term(): Filter {
    const token = this.#next("a word or a comparison");
    if (token.kind === "bracket") {
      if (token.text === ")") throw new FilterError("“)” without “(” before it", token.at);
      const inner = this.#or();
      const close = this.#tokens[this.#at++];
      if (close?.text !== ")") throw new FilterError("“)” is missing", close?.at ?? this.#end);
      return inner;
    }
    if (token.kind === "operator")
      throw new FilterError(`a field name is missing before “${token.text}”`, token.at);
    if (isWord(token, "and") || isWord(token, "or")) {
      throw new FilterError(`“${token.text}” needs something before it`, token.at);
    }
    const operator = this.#tokens[this.#at];
    if (operator?.kind !== "operator") return containing(token.text);
    this.#at++;
    const value = this.#next(`a value after “${operator.text}”`);
    if (value.kind === "bracket" || value.kind === "operator") {
      throw new FilterError(`a value is missing after “${operator.text}”`, value.at);
    }
    return this.#comparison(token, operator, value);
  }

  #comparison(field: Token, operator: Token, value: Token): Filter {
    const found = resolveField(field.text, this.#fields);
    if ("ambiguous" in found) {
      throw new FilterError(`“${field.text}” could be ${found.ambiguous.join(" or ")}`, field.at);
    }
    if ("unknown" in found) {
      const hint = found.hint === undefined ? "" : `; did you mean “${found.hint}”?`;
      throw new FilterError(`no run has “${field.text}”${hint}`, field.at);
    }
    const compare = comparison(operator, value);
    return (run) => compare(fieldOf(run, found.name));
  }

  #takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || !isWord(token, word)) return false;
    this.#at++;
    return true;
  }

  #next(wanted: string): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new FilterError(`${wanted} is missing`, this.#end);
    return token;
  }
}

function isWord(token: Token, word: string): boolean {
  return token.kind === "word" && token.text.toLowerCase() === word;
}

/** Whether what people look for by name contains the text. */
function containing(text: string): Filter {
  const wanted = text.toLowerCase();
  return ({ id, name, status, notes }) =>
    [id, name, status, notes.text, ...notes.tags].some((each) => each.toLowerCase().includes(wanted));
}

function comparison(operator: Token, value: Token): (field: FieldValue) => boolean {
  const text = value.text;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  switch (operator.text) {
    case "=":
    case "==":
      return (field) => equals(field, text, number);
    case "!=":
      return (field) => field !== undefined && !equals(field, text, number);
    case "~": {
      const pattern = expression(value);
      return (field) => field !== undefined && pattern.test(showField(field));
    }
    default: {
      if (Number.isNaN(number))
        throw new FilterError(`“${operator.text}” compares numbers, and “${text}” is none`, value.at);
      const holds = ORDER[operator.text]!;
      return (field) => typeof field === "number" && holds(field, number);
    }
  }
}

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** Of a list, one of its entries may be meant, or all of it (200-200). */
function equals(field: FieldValue, text: string, number: number): boolean {
  if (typeof field === "number") return field === number;
  if (field === null) return text === "null";
  if (typeof field === "object")
    return showField(field) === text || field.some((each) => equals(each, text, number));
  return field !== undefined && String(field) === text;
}

function expression({ text, at }: Token): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    throw new FilterError(`“${text}” is not a regular expression`, at);
  }
}
