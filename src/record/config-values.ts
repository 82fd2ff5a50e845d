// A configuration as the table of runs needs it: dotted keys, scalars and lists of scalars.
import type { ConfigValue } from "./serve-api.ts";

/** Leaves of plain data by dotted key. A list that holds more than scalars gives a key an element, counted from 0. */
export function configValues(config: Readonly<Record<string, unknown>>): Record<string, ConfigValue> {
  const values: Record<string, ConfigValue> = {};
  const walk = (value: unknown, key: string): void => {
    if (isScalar(value) || (Array.isArray(value) && value.every(isScalar))) values[key] = value;
    else if (typeof value === "object" && value !== null) {
      for (const [name, part] of Object.entries(value)) walk(part, key === "" ? name : `${key}.${name}`);
    }
  };
  walk(config, "");
  return values;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
