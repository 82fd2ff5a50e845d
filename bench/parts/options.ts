// Command-line options every benchmark shares, and how a benchmark ends when they are wrong.
import os from "node:os";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { BrinkError, InputError } from "brink/math";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** Values of `--flag` options; unknown flags are errors. */
export function parseFlags(flags: Flags): Record<string, string | boolean | undefined> {
  try {
    const { values } = parseArgs({ options: flags, strict: true, allowPositionals: false });
    return values as Record<string, string | boolean | undefined>;
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error), {
      allowed: Object.keys(flags).map((name) => `--${name}`),
    });
  }
}

/** A positive integer option. */
export function positive(flag: string, given: string | boolean | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InputError("not a positive whole number", { field: `--${flag}`, received: String(given) });
  }
  return value;
}

/** A comma-separated option whose every word must be among `allowed`. */
export function words(
  flag: string,
  given: string | boolean | undefined,
  allowed: readonly string[],
): ReadonlySet<string> {
  const list = typeof given === "string" ? given.split(",") : [];
  for (const word of list) {
    if (!allowed.includes(word)) {
      throw new InputError("unknown word", { field: `--${flag}`, received: word, allowed });
    }
  }
  return new Set(list);
}

/** The command this process was asked for, as a reader of its record would type it. */
export function commandLine(name: string): string {
  return ["npm run bench --", name, ...process.argv.slice(2)].join(" ");
}

/** Threads when none are asked for: every core this process may use. */
export function defaultThreads(): number {
  return os.availableParallelism();
}

/** Runs a benchmark; errors a user can act on become one line and their exit code. */
export async function runBenchmark(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof BrinkError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
