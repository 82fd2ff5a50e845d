// Typed errors every layer throws: what was wrong, where, what was received, what is allowed, what to do.

/** Where a value came from and what was wrong with it; every part is optional and printed when present. */
export interface ErrorDetail {
  /** File (or other source) the value was read from, as the user wrote it. */
  readonly file?: string;
  /** Dotted path or name of the offending field, tensor or flag. */
  readonly field?: string;
  /** Value received, already formatted for reading. */
  readonly received?: string;
  /** Values that would have been accepted. */
  readonly allowed?: readonly string[] | string;
  /** Nearest valid name, or what to do next. */
  readonly hint?: string;
}

/** Base of all errors a user can cause or must act on. `exitCode` is what the command line returns. */
export class BrinkError extends Error {
  readonly detail: ErrorDetail;
  readonly exitCode: number;
  constructor(message: string, detail: ErrorDetail = {}, exitCode = 1) {
    super(formatError(message, detail));
    this.name = new.target.name;
    this.detail = detail;
    this.exitCode = exitCode;
  }
}

/** Bad configuration, flag, data or parameter file: exit code 2. */
export class InputError extends BrinkError {
  constructor(message: string, detail: ErrorDetail = {}) {
    super(message, detail, 2);
  }
}

/** Something failed while running (disk full, device lost): exit code 1. */
export class RunError extends BrinkError {
  constructor(message: string, detail: ErrorDetail = {}) {
    super(message, detail, 1);
  }
}

function formatError(message: string, detail: ErrorDetail): string {
  const where = [detail.file, detail.field].filter((part) => part !== undefined).join(": ");
  let text = where === "" ? message : `${where}: ${message}`;
  if (detail.received !== undefined) text += ` (received ${detail.received}`;
  if (detail.allowed !== undefined) {
    const allowed = typeof detail.allowed === "string" ? detail.allowed : detail.allowed.join(" | ");
    text += `${detail.received === undefined ? " (" : "; "}allowed: ${allowed}`;
  }
  if (detail.received !== undefined || detail.allowed !== undefined) text += ")";
  if (detail.hint !== undefined) text += `. ${detail.hint}`;
  return text;
}

/** Any value as it appears in messages: JSON where it has one, cut at 80 characters. Never throws. */
export function showValue(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "number" ? String(value) : JSON.stringify(value, bigintAsText);
  } catch {
    // Cyclic values, and objects whose own conversions throw.
  }
  text ??= typeof value === "object" ? Object.prototype.toString.call(value) : typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; O(|a|·|b|). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(substitute, previous[j]! + 1, current[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) distance = Math.min(distance, beforePrevious[j - 2]! + 1);
      current.push(distance);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length]!;
}

/** The candidate closest to `name`, or undefined when nothing is within about a third of its length. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `Did you mean "x"?` for the nearest candidate, or undefined. Ready for `ErrorDetail.hint`. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const match = nearest(name, candidates);
  return match === undefined ? undefined : `Did you mean "${match}"?`;
}
