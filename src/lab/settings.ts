// Reading and writing settings by dotted key in plain data, and the layers (file, environment, flags) they come from.
import { InputError } from "../math/index.ts";

/** Nested plain data, as parsed from YAML. */
export type Settings = Record<string, unknown>;

/** Whether a value is a plain object (not an array, not null). */
export function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Splits `optimizer.lr`; InputError for anything that cannot be a key (this also keeps `__proto__` out). */
export function keyParts(key: string, source: string): readonly string[] {
  const parts = key.split(".");
  if (parts.every((part) => /^[A-Za-z][A-Za-z0-9-]*$/.test(part))) return parts;
  throw new InputError("not a setting's name", {
    file: source,
    received: JSON.stringify(key),
    allowed: "dotted keys such as optimizer.lr",
  });
}

/**
 * Copy of `settings` with the value at `parts` replaced; parents that are absent or not objects are made anew.
 * `shorthands` are the sections where a bare word stands for `{ name: word }`.
 */
export function withSetting(
  settings: Settings,
  parts: readonly string[],
  value: unknown,
  shorthands: ReadonlySet<string>,
): Settings {
  const [head, ...rest] = parts;
  if (head === undefined) return settings;
  if (rest.length === 0) return { ...settings, [head]: value };
  const current = Object.hasOwn(settings, head) ? settings[head] : undefined;
  const parent = isSettings(current)
    ? current
    : typeof current === "string" && shorthands.has(head)
      ? { name: current }
      : {};
  return { ...settings, [head]: withSetting(parent, rest, value, new Set()) };
}

/** Whether a value, or a parent of it that is not an object, is written at `parts`. */
export function isWritten(settings: Settings, parts: readonly string[]): boolean {
  let value: unknown = settings;
  for (const part of parts) {
    if (!isSettings(value)) return true;
    if (!Object.hasOwn(value, part)) return false;
    value = value[part];
  }
  return true;
}

/** Paths of all leaves; arrays and empty objects count as leaves. */
export function leafPaths(settings: Settings, prefix: readonly string[] = []): string[][] {
  return Object.entries(settings).flatMap(([key, value]) =>
    isSettings(value) && Object.keys(value).length > 0
      ? leafPaths(value, [...prefix, key])
      : [[...prefix, key]],
  );
}
