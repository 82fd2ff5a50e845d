// YAML 1.2 text → plain data with line numbers, safely: bounded size, no alias bombs, no duplicate keys.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { InputError } from "../math/index.ts";

/** Plain data and where each part of it stood in the text. */
export interface YamlSource {
  readonly value: unknown;
  /** 1-based line of the key at `path`, or of its nearest parent that is written; undefined for empty text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

const LARGEST_TEXT = 65_536;
const MOST_ALIASES = 100;

/**
 * Parses one YAML document with the core schema (so `no` is a word and 1e-3 a number).
 *
 * @throws InputError with file and line for anything that is not one well-formed document: syntax errors,
 * duplicate keys, unknown tags, several documents, text above 64 KiB, runaway aliases
 */
export function parseYaml(text: string, file: string): YamlSource {
  if (text.length > LARGEST_TEXT) {
    throw new InputError("the text is too long for an experiment", {
      file,
      received: `${text.length} characters`,
      allowed: `at most ${LARGEST_TEXT}`,
    });
  }
  const lines = new LineCounter();
  try {
    // The schema is named, so that a %YAML 1.1 directive cannot turn `no` into false. The parser's own check of
    // duplicate keys compares all pairs (seconds for a hostile file), hence ours.
    const document = parseDocument(text, {
      schema: "core",
      resolveKnownTags: false,
      prettyErrors: false,
      uniqueKeys: false,
      lineCounter: lines,
    });
    const root = document.contents as Node | null;
    const parsing = document.errors[0] ?? document.warnings[0];
    const problem =
      parsing === undefined
        ? duplicateKey(root)
        : {
            offset: parsing.pos[0],
            message: parsing.code === "MULTIPLE_DOCS" ? "more than one document" : parsing.message,
          };
    if (problem !== undefined) {
      const line = lines.linePos(problem.offset).line;
      throw new InputError(`not valid YAML: ${problem.message}`, { file: `${file}:${line}` });
    }
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { value, lineOf: (path) => lineOf(root, path, lines) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    // Excessive aliases and nesting too deep for the stack arrive as plain errors.
    throw new InputError(`not valid YAML: ${error instanceof Error ? error.message : String(error)}`, {
      file,
    });
  }
}

function duplicateKey(node: unknown): { offset: number; message: string } | undefined {
  if (isSeq(node)) return firstDefined(node.items, duplicateKey);
  if (!isMap(node)) return undefined;
  const seen = new Set<string>();
  return firstDefined(node.items, ({ key, value }) => {
    if (!isScalar(key)) return { offset: rangeStart(key) ?? 0, message: "a key must be a plain word" };
    // Keys become strings: 1 and "1" would collide.
    const name = String(key.value);
    if (seen.has(name)) return { offset: rangeStart(key) ?? 0, message: `key ${name} is given twice` };
    seen.add(name);
    return duplicateKey(value);
  });
}

function firstDefined<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function rangeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function lineOf(root: Node | null, path: readonly PropertyKey[], lines: LineCounter): number | undefined {
  let offset = rangeStart(root);
  let node: unknown = root;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}
