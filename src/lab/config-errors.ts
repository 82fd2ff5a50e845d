// Schema problems → one readable error: every problem, where it stands, what was received, what is allowed.
import type * as z from "zod";
import { didYouMean, type ErrorDetail, InputError, showValue } from "../math/index.ts";

/** Says where a dotted path was written: `run.yaml:7`, `--set`, a variable; undefined when nowhere. */
export type Locate = (path: readonly PropertyKey[]) => string | undefined;

const MOST_LISTED = 25;

/** Combines all issues of a failed parse of `value` into one InputError (the first 25 spelled out). */
export function configError(found: readonly z.core.$ZodIssue[], value: unknown, locate: Locate): InputError {
  const issues = found.flatMap(withinUnion);
  const count = issues.reduce(
    (sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1),
    0,
  );
  const problems: InputError[] = [];
  for (const issue of issues) {
    if (problems.length >= MOST_LISTED) break;
    if (issue.code === "unrecognized_keys") {
      const room = MOST_LISTED - problems.length;
      problems.push(...issue.keys.slice(0, room).map((key) => unknownKey(issue, key, locate)));
    } else problems.push(problem(issue, value, locate));
  }
  const first = problems[0];
  if (count === 1 && first !== undefined) return first;
  const lines = problems.map(({ message }) => `\n  ${message}`);
  if (count > problems.length) lines.push(`\n  … and ${count - problems.length} more`);
  return new InputError(`${count} problems in the configuration:${lines.join("")}`);
}

/**
 * The issues of the one branch of a union that the value was meant for, where that is plain: an object with a bad
 * entry is best told about the entry.
 */
function withinUnion(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((branch) => branch.some(({ path }) => path.length > 0));
  return meant === undefined
    ? [issue]
    : meant.flatMap((inner) => withinUnion(Object.assign(inner, { path: [...issue.path, ...inner.path] })));
}

type MutableDetail = { -readonly [K in keyof ErrorDetail]: ErrorDetail[K] };

function place(path: readonly PropertyKey[], at: readonly PropertyKey[], locate: Locate): MutableDetail {
  const where = locate(at);
  const field = path.map(String).join(".");
  return { ...(where === undefined ? {} : { file: where }), ...(field === "" ? {} : { field }) };
}

function unknownKey(issue: z.core.$ZodIssue, key: string, locate: Locate): InputError {
  const detail = place(issue.path, [...issue.path, key], locate);
  const allowed = issue.message.replace(/^allowed: /, "");
  const hint = didYouMean(key, allowed.split(", "));
  detail.allowed = allowed;
  if (hint !== undefined) detail.hint = hint;
  return new InputError(`unknown key ${showValue(key)}`, detail);
}

function problem(issue: z.core.$ZodIssue, root: unknown, locate: Locate): InputError {
  const detail = place(issue.path, issue.path, locate);
  if (issue.code === "custom" && issue.params?.["complete"] === true) {
    return new InputError(issue.message, detail.file === undefined ? {} : { file: detail.file });
  }
  const value = valueAt(root, issue.path);
  if (value !== undefined) detail.received = showValue(value);
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    const names = ((issue as { options?: readonly unknown[] }).options ?? [])
      .filter((name) => name !== undefined)
      .map(String);
    const hint = typeof value === "string" ? didYouMean(value, names) : undefined;
    detail.allowed = names;
    if (hint !== undefined) detail.hint = hint;
    return new InputError(value === undefined ? "missing" : "unknown name", detail);
  }
  // The schema's own messages have the form "allowed: …", optionally followed by ". Did you mean …".
  const match = /^allowed: (?<allowed>.*?)(?:\. (?<hint>Did you mean .*))?$/s.exec(allowedText(issue));
  if (match?.groups === undefined) return new InputError(issue.message, detail);
  detail.allowed = match.groups["allowed"]!;
  if (match.groups["hint"] !== undefined) detail.hint = match.groups["hint"];
  return new InputError(value === undefined ? "missing" : "bad value", detail);
}

/** The issue's own message, or for a union that has none, that of its first branch. */
function allowedText(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union" || issue.message.startsWith("allowed: ")) return issue.message;
  return issue.errors[0]?.[0]?.message ?? issue.message;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
