// The header of a .npy array: a Python dictionary literal, read by a small parser for exactly that shape.
import { InputError } from "../math/index.ts";
import { type ElementType, shapeSize } from "./tensor-file.ts";

/** What a .npy header states. */
export interface NpyHeader {
  readonly type: ElementType;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

const types: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

/** numpy's code of a type that can be written, with its byte order mark. */
export function npyDescr(type: ElementType): string {
  const code = Object.keys(types).find((key) => types[key] === type)!;
  return `${code.endsWith("1") ? "|" : "<"}${code}`;
}

type Literal = string | number | boolean | readonly Literal[];

/** Parses the text after the length field. @throws InputError */
export function parseNpyHeader(text: string, file: string, field: string | undefined): NpyHeader {
  const where = field === undefined ? { file } : { file, field };
  const entries = new Map<string, Literal>();
  try {
    const tokens = tokenise(text);
    let at = 0;
    const take = (expected?: string): string => {
      const token = tokens[at++];
      if (token === undefined || (expected !== undefined && token !== expected))
        throw new SyntaxError(`unexpected ${token ?? "end"}`);
      return token;
    };
    const literal = (depth: number): Literal => {
      const token = take();
      if (/^['"]/.test(token)) return token.slice(1, -1);
      if (token === "True" || token === "False") return token === "True";
      if (/^\d/.test(token)) return Number(token.replace("L", ""));
      const close = token === "(" ? ")" : token === "[" ? "]" : undefined;
      if (close === undefined || depth > 3) throw new SyntaxError(`unexpected ${token}`);
      const items: Literal[] = [];
      while (tokens[at] !== close) {
        items.push(literal(depth + 1));
        if (tokens[at] !== close) take(",");
      }
      at++;
      return items;
    };
    take("{");
    while (tokens[at] !== "}") {
      const key = literal(4);
      take(":");
      if (typeof key !== "string" || entries.has(key)) throw new SyntaxError(`bad key ${String(key)}`);
      entries.set(key, literal(0));
      if (tokens[at] !== "}") take(",");
    }
    if (at !== tokens.length - 1) throw new SyntaxError("text after the dictionary");
  } catch (error) {
    throw new InputError(`bad npy header: ${(error as Error).message}`, where);
  }

  const descr = entries.get("descr");
  const fortranOrder = entries.get("fortran_order");
  const shape = entries.get("shape");
  const code = typeof descr === "string" ? /^([<>|=]?)([fiub][1248])$/.exec(descr) : null;
  const type = code === null ? undefined : types[code[2]!];
  if (code === null || type === undefined) {
    throw new InputError("element type is not supported", {
      ...where,
      received: JSON.stringify(descr) ?? "nothing",
      allowed: Object.keys(types),
    });
  }
  if (typeof fortranOrder !== "boolean") throw new InputError("fortran_order must be True or False", where);
  if (!Array.isArray(shape) || shape.length > 32 || Number.isNaN(shapeSize(shape as number[]))) {
    throw new InputError("shape must be a tuple of at most 32 non-negative integers", {
      ...where,
      received: JSON.stringify(shape) ?? "nothing",
    });
  }
  return { type, bigEndian: code[1] === ">", fortranOrder, shape: shape as number[] };
}

function tokenise(text: string): readonly string[] {
  const pattern = /\s*('[^'\\]*'|"[^"\\]*"|True|False|\d+L?|[{}()[\],:])/y;
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(trimmed);
    if (match === null) throw new SyntaxError(`unexpected text at character ${from}`);
    tokens.push(match[1]!);
  }
  return tokens;
}
