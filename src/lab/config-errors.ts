// Schema problems → one readable error: every problem, where it stands, what was received, what is allowed.
import type * as z from "zod";
import { didYouMean, type ErrorDetail, InputError } from "../math/index.ts";

/** Says where a dotted path was written: `run.yaml:7`, `--set`, a variable; undefined when nowhere. */
export type Locate = (path: readonly PropertyKey[]) => string | undefined;

/** Combines all issues of a failed parse of `value` into one InputError. */
export function configError(issues: readonly z.core.$ZodIssue[], value: unknown, locate: Locate): InputError {
  const problems = issues.map((issue) => problem(issue, value, locate));
  const first = problems[0];
  if (problems.length === 1 && first !== undefined) return first;
  const lines = problems.map(({ message }) => `  ${message}`);
  return new InputError(`${problems.length} problems in the configuration:\n${lines.join("\n")}`);
}

function problem(issue: z.core.$ZodIssue, root: unknown, locate: Locate): InputError {
  const unknownKey = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const field = issue.path.map(String).join(".");
  const where = locate(unknownKey === undefined ? issue.path : [...issue.path, unknownKey]);
  const value = valueAt(root, issue.path);
  const detail: { -readonly [K in keyof ErrorDetail]: ErrorDetail[K] } = {};
  if (where !== undefined) detail.file = where;
  if (field !== "") detail.field = field;
  if (unknownKey !== undefined) return new InputError(issue.message, detail);

  if (value !== undefined) detail.received = show(value);
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    const names = ((issue as { options?: readonly unknown[] }).options ?? []).map(String);
    const hint = typeof value === "string" ? didYouMean(value, names) : undefined;
    detail.allowed = names;
    if (hint !== undefined) detail.hint = hint;
    return new InputError(value === undefined ? "missing" : "unknown name", detail);
  }
  // The schema's own messages have the form "allowed: …", optionally followed by ". Did you mean …".
  const match = /^allowed: (?<allowed>.*?)(?:\. (?<hint>Did you mean .*))?$/s.exec(issue.message);
  if (match?.groups === undefined) return new InputError(issue.message, detail);
  detail.allowed = match.groups["allowed"]!;
  if (match.groups["hint"] !== undefined) detail.hint = match.groups["hint"];
  return new InputError(value === undefined ? "missing" : "bad value", detail);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** A value as it appears in messages: JSON, cut at 80 characters. */
export function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
