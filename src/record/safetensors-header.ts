// The JSON header of a safetensors file, parsed strictly: known types, exact fields, no duplicate names.
import { strFromU8, strToU8 } from "fflate";
import { type ErrorDetail, InputError } from "../math/index.ts";
import { ELEMENT_BYTES, type ElementType, shapeSize } from "./tensor-file.ts";

/** What the header says of one tensor; `begin` and `end` count from the end of the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A header whose entries are each consistent; offsets are not yet compared with each other or the file. */
export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Parses the header's bytes. @throws InputError */
export function parseHeader(bytes: Uint8Array, fileName: string): SafetensorsHeader {
  const text = strFromU8(bytes);
  // The decoder replaces invalid sequences; only valid UTF-8 survives the way back.
  const again = strToU8(text);
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) {
    throw new InputError("not a safetensors file (header is not UTF-8)", { file: fileName });
  }
  if (!text.startsWith("{")) {
    throw new InputError("not a safetensors file (header must start with a brace)", { file: fileName });
  }
  let names: readonly string[];
  let root: Readonly<Record<string, unknown>>;
  try {
    names = rootKeys(text);
    root = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`header is not valid: ${(error as Error).message}`, { file: fileName });
  }
  const metadata: Record<string, string> = {};
  const entries: HeaderEntry[] = [];
  for (const name of names) {
    if (name !== "__metadata__") entries.push(parseEntry(name, root[name], { file: fileName, field: name }));
    else copyMetadata(root[name], metadata, fileName);
  }
  return { entries, metadata };
}

function parseEntry(name: string, value: unknown, where: ErrorDetail): HeaderEntry {
  const fail = (message: string, received: unknown, allowed?: string | readonly string[]): never => {
    throw new InputError(message, {
      ...where,
      received: JSON.stringify(received) ?? "nothing",
      ...(allowed === undefined ? {} : { allowed }),
    });
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail("tensor description must be an object", value);
  }
  const info = value as Readonly<Record<string, unknown>>;
  const { dtype, shape, data_offsets: offsets } = info;
  const extra = Object.keys(info).find((key) => !["dtype", "shape", "data_offsets"].includes(key));
  if (extra !== undefined) fail("unknown field in tensor description", extra);
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    return fail("element type is not supported", dtype, Object.keys(ELEMENT_BYTES));
  }
  if (!Array.isArray(shape) || Number.isNaN(shapeSize(shape as number[]))) {
    return fail("shape must be a list of non-negative integers", shape);
  }
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every((offset) => Number.isSafeInteger(offset) && (offset as number) >= 0)
  ) {
    return fail("data_offsets must be two non-negative integers", offsets);
  }
  const type = dtype as ElementType;
  const [begin, end] = offsets as [number, number];
  const size = shapeSize(shape as number[]) * ELEMENT_BYTES[type];
  if (end - begin !== size) {
    fail(`shape [${shape.join(", ")}] of ${type} and byte range disagree`, offsets, `${size} bytes`);
  }
  return { name, type, shape: shape as number[], begin, end };
}

function copyMetadata(value: unknown, metadata: Record<string, string>, fileName: string): void {
  const valid =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((entry) => typeof entry === "string");
  if (!valid) {
    throw new InputError("metadata must be an object of strings", { file: fileName, field: "__metadata__" });
  }
  for (const [key, entry] of Object.entries(value as Record<string, string>)) {
    // Not an assignment: "__proto__" must become an ordinary key.
    Object.defineProperty(metadata, key, {
      value: entry,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}

/**
 * Keys of the root object in file order. JSON.parse would silently keep the last of two equal keys and move
 * keys such as "0" to the front, so the text is walked once: O(length), depth limited to what a header needs.
 */
function rootKeys(text: string): readonly string[] {
  const root: string[] = [];
  const open: (Set<string> | null)[] = [];
  let keyNext = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "{" || char === "[") {
      if (open.length === 3) throw new SyntaxError("nested too deeply");
      open.push(char === "{" ? new Set() : null);
      keyNext = char === "{";
    } else if (char === "}" || char === "]") {
      open.pop();
      keyNext = false;
    } else if (char === ",") {
      keyNext = open.at(-1) instanceof Set;
    } else if (char === '"') {
      const start = i;
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++;
      const keys = open.at(-1);
      if (!keyNext || !(keys instanceof Set)) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      if (keys.has(key)) throw new SyntaxError(`duplicate name ${JSON.stringify(key)}`);
      keys.add(key);
      if (open.length === 1) root.push(key);
      keyNext = false;
    }
  }
  return root;
}
