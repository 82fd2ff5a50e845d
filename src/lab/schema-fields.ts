// Building blocks of the experiment schema. Every one says what it allows, and unknown keys name the nearest.
import * as z from "zod";
import { didYouMean, type InputError } from "../math/index.ts";

/** An object whose unknown keys are errors; the message lists the known ones (config-errors.ts adds the nearest). */
export function strict<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") return `allowed: ${known}`;
      return issue.code === "invalid_type" ? `allowed: { ${known} }` : undefined;
    },
  });
}

/** One of the listed strings. */
export function oneOf<const Value extends string>(values: readonly Value[]): z.ZodType<Value> {
  return z.literal([...values], {
    error: (issue) => {
      const hint = typeof issue.input === "string" ? didYouMean(issue.input, values) : undefined;
      return `allowed: ${values.join(" | ")}${hint === undefined ? "" : `. ${hint}`}`;
    },
  });
}

/** A whole number from `least` up to `most` (2³¹ − 1 unless told). */
export function whole(least: number, most = 2_147_483_647): z.ZodInt {
  const range = most === 2_147_483_647 ? `of at least ${least}` : `from ${least} to ${most}`;
  const error = `allowed: a whole number ${range}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** A whole number as `whole`, or the given word. */
export function wholeOr<const Word extends string>(word: Word, least: number): z.ZodType<number | Word> {
  const error = `allowed: a whole number of at least ${least}, or ${word}`;
  // The number carries the text too: a union reports the one branch whose type fits.
  const number = z.int({ error }).min(least, { error }).max(2_147_483_647, { error });
  return z.union([z.literal(word), number], { error });
}

/** A finite number above zero and at most `most`. */
export function positive(most: number = Number.MAX_VALUE): z.ZodNumber {
  const error = `allowed: a number above 0${most === Number.MAX_VALUE ? "" : `, at most ${most}`}`;
  return z.number({ error }).positive({ error }).max(most, { error });
}

/** true or false. A YAML 1.2 `no` or `off` is a word, not a boolean; the message says so. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: "allowed: true | false" });
}

/**
 * A section that is off by default: `true` stands for all its defaults. The resolved value is `false` or the
 * section, so a saved configuration says what `true` meant.
 */
export function switchable(shape: z.core.$ZodLooseShape): z.ZodPrefault<z.ZodType> {
  const section = strict(shape);
  const error = `allowed: true | false | { ${Object.keys(shape).join(", ")} }`;
  const word = z.boolean({ error }).transform((on) => (on ? section.parse({}) : false));
  const either: z.ZodType = z.union([word, section], { error });
  return either.prefault(false);
}

/** A number from 0, which stands for "no tolerance", up to `most`. */
export function tolerance(most: number): z.ZodNumber {
  const error = `allowed: a number from 0 to ${most}`;
  return z.number({ error }).min(0, { error }).max(most, { error });
}

/** Any whole number that is exact in a double. */
export function seed(): z.ZodDefault<z.ZodInt> {
  return z.int({ error: "allowed: a whole number" }).default(0);
}

/** A file or folder name. */
export function path(): z.ZodString {
  const error = "allowed: a path";
  return z.string({ error }).min(1, { error });
}

/** An error of another layer as an issue: its text is complete already, so only the place is added. */
export function wrapped(error: InputError): {
  readonly code: "custom";
  readonly message: string;
  readonly params: { readonly complete: true };
} {
  return { code: "custom", message: error.message, params: { complete: true } };
}
