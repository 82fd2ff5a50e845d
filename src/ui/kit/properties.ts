// A page's settings as one declarative list: it is the form, the hash of the address and the defaults at once.
import { didYouMean, InputError, showValue } from "../../math/errors.ts";

interface Common {
  /** What the form calls it. */
  readonly label: string;
  /** A sentence more, shown on hover. */
  readonly help?: string;
  /** Kept in the address even at its default: a seed, say, whose default may change. */
  readonly always?: boolean;
}

export interface NumberProperty extends Common {
  readonly kind: "number";
  readonly fallback: number;
  readonly min?: number;
  readonly max?: number;
  /** Exclusive lower limit. */
  readonly above?: number;
  readonly integer?: boolean;
  /** Step of the form's arrows. */
  readonly step?: number;
}

export interface ChoiceProperty<T extends string = string> extends Common {
  readonly kind: "choice";
  readonly fallback: T;
  readonly choices: readonly T[];
  /** What the form shows for a choice; the choice itself by default. */
  readonly names?: Readonly<Partial<Record<T, string>>>;
}

export interface FlagProperty extends Common {
  readonly kind: "flag";
  readonly fallback: boolean;
}

export interface TextProperty extends Common {
  readonly kind: "text";
  readonly fallback: string;
}

/** Words separated by commas in the address; a word may contain anything, commas too. */
export interface ListProperty extends Common {
  readonly kind: "list";
  readonly fallback: readonly string[];
}

export interface NumbersProperty extends Common {
  readonly kind: "numbers";
  readonly fallback: readonly number[];
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

export type Property =
  | NumberProperty
  | ChoiceProperty
  | FlagProperty
  | TextProperty
  | ListProperty
  | NumbersProperty;

export type Properties = Readonly<Record<string, Property>>;

export type ValueOf<P extends Property> =
  P extends ChoiceProperty<infer T>
    ? T
    : P extends NumberProperty
      ? number
      : P extends FlagProperty
        ? boolean
        : P extends TextProperty
          ? string
          : P extends ListProperty
            ? readonly string[]
            : P extends NumbersProperty
              ? readonly number[]
              : never;

export type Values<P extends Properties> = { readonly [K in keyof P]: ValueOf<P[K]> };

/** Every property at its default. */
export function defaults<P extends Properties>(properties: P): Values<P> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { fallback }]) => [name, fallback]),
  ) as Values<P>;
}

/**
 * The value that `text` (from the address or a form) stands for.
 *
 * @throws InputError naming the property, what was received and what is allowed
 */
export function parseValue<P extends Property>(name: string, property: P, text: string): ValueOf<P> {
  return parse(name, property, text) as ValueOf<P>;
}

function parse(name: string, property: Property, text: string): unknown {
  switch (property.kind) {
    case "number":
      return parseNumber(name, property, text);
    case "numbers":
      return text.trim() === "" ? [] : text.split(",").map((part) => parseNumber(name, property, part));
    case "flag":
      if (text === "1" || text === "true") return true;
      if (text === "0" || text === "false") return false;
      throw refusal(name, text, "1 | 0");
    case "choice": {
      if (property.choices.includes(text)) return text;
      throw refusal(name, text, property.choices, didYouMean(text, property.choices));
    }
    case "list":
      return text === ""
        ? []
        : text.split(",").map((part) => part.replaceAll("%2C", ",").replaceAll("%25", "%"));
    default:
      return text;
  }
}

function parseNumber(
  name: string,
  { min, max, above, integer }: Pick<NumberProperty, "min" | "max" | "above" | "integer">,
  text: string,
): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits =
    Number.isFinite(value) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (integer !== true || Number.isInteger(value));
  if (fits) return value;
  const limits = [
    min === undefined ? "" : `≥ ${min}`,
    above === undefined ? "" : `> ${above}`,
    max === undefined ? "" : `≤ ${max}`,
  ].filter((limit) => limit !== "");
  throw refusal(name, text, [integer === true ? "a whole number" : "a number", ...limits].join(" "));
}

function refusal(name: string, text: string, allowed: string | readonly string[], hint?: string): InputError {
  return new InputError("not a value it can have", {
    field: name,
    received: showValue(text),
    allowed,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A value as `parseValue` reads it back, to the same value. */
export function printValue(property: Property, value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (!Array.isArray(value)) return String(value);
  return value
    .map((part) =>
      property.kind === "list" ? String(part).replaceAll("%", "%25").replaceAll(",", "%2C") : String(part),
    )
    .join(",");
}

/** What an address says, and what in it could not be used. */
export interface ParsedHash<P extends Properties> {
  readonly values: Values<P>;
  /** A sentence for each thing ignored. */
  readonly problems: readonly string[];
}

/** Reads `#name=value&…`; what is missing or unusable takes its default. Never throws. */
export function parseHash<P extends Properties>(properties: P, hash: string): ParsedHash<P> {
  const values: Record<string, unknown> = { ...defaults(properties) };
  const problems: string[] = [];
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) {
      const hint = didYouMean(name, Object.keys(properties));
      problems.push(
        `The address sets ${showValue(name)}, which this page does not have${hint ? `. ${hint}` : "."}`,
      );
      continue;
    }
    try {
      values[name] = parse(name, property, text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(`${error.message}; ${printValue(property, property.fallback) || "nothing"} is used.`);
    }
  }
  return { values: values as Values<P>, problems };
}

/** The hash of an address for these values: what differs from the defaults, in the order of the list. */
export function printHash<P extends Properties>(properties: P, values: Partial<Values<P>>): string {
  const parameters = new URLSearchParams();
  for (const [name, property] of Object.entries(properties)) {
    const value = values[name as keyof P];
    if (value === undefined) continue;
    const text = printValue(property, value);
    if (property.always === true || text !== printValue(property, property.fallback))
      parameters.set(name, text);
  }
  const text = parameters.toString();
  return text === "" ? "" : `#${text}`;
}
