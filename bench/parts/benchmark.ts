// What every benchmark shares: options with their help, a warning on a busy machine, the record, and how it ends.
import os from "node:os";
import { parseArgs } from "node:util";
import { BrinkError, InputError } from "brink/math";
import { describeMachine, loadWarning, type Machine } from "./machine.ts";
import { recordResult } from "./report.ts";

/** An option: `value` names its argument (none: a switch), `about` is its line of help (none: not for users). */
export interface Option {
  readonly value?: string;
  readonly about?: string;
  /** What holds when the option is left out; stands in the help. */
  readonly otherwise?: number | string;
}

export interface BenchmarkSpec<Name extends string> {
  /** Of `npm run bench -- NAME` and of the file under bench/results. */
  readonly name: string;
  /** What the line of `--json` holds. */
  readonly json: string;
  /** Beside `--help`, `--json` and `--record`. */
  readonly options: Readonly<Record<Name, Option>>;
}

/** What a benchmark found, for the record, for programs and for people. */
export interface Delivery {
  readonly record: object;
  readonly json: object;
  readonly text: string;
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** `--threads`, which means the same everywhere. */
export const THREADS: Option = { value: "N", about: "threads (default: all cores)" };

/** One call of a benchmark: the options given, the machine, and where results go. */
export class Invocation<Name extends string> {
  readonly #spec: BenchmarkSpec<Name>;
  readonly #values: Values;
  #machine: Machine | null = null;

  constructor(spec: BenchmarkSpec<Name>, values: Values) {
    this.#spec = spec;
    this.#values = values;
  }

  /** Whether a switch is on. */
  on(option: Name | "json" | "record"): boolean {
    return this.#values[option] === true;
  }

  /** Whether an option has a value. */
  given(option: Name): boolean {
    return this.#values[option] !== undefined;
  }

  /** A positive integer. Throws InputError for anything else. */
  positive(option: Name): number {
    const given = this.#valueOf(option);
    const value = Number(given);
    if (given === undefined || !Number.isSafeInteger(value) || value < 1) {
      throw new InputError("not a positive whole number", { field: `--${option}`, received: String(given) });
    }
    return value;
  }

  /** Comma-separated words. Throws InputError when one is not among `allowed`. */
  words(option: Name, allowed: readonly string[]): ReadonlySet<string> {
    const given = this.#valueOf(option);
    const list = typeof given === "string" && given !== "" ? given.split(",") : [];
    for (const word of list) {
      if (!allowed.includes(word)) {
        throw new InputError("unknown word", { field: `--${option}`, received: word, allowed });
      }
    }
    return new Set(list);
  }

  /** The `--threads` option of benchmarks that have one: without it, every core this process may use. */
  threads(): number {
    const threads = "threads" as Name;
    return this.given(threads) ? this.positive(threads) : os.availableParallelism();
  }

  /** This machine as it was when first asked for, which is the time to ask; says so when other work shares it. */
  machine(): Machine {
    if (this.#machine === null) {
      this.#machine = describeMachine();
      const warning = loadWarning(this.#machine);
      if (warning !== undefined) say(warning);
    }
    return this.#machine;
  }

  /** Writes bench/results/NAME.json if `--record` is on, and prints. */
  deliver({ record, json, text }: Delivery): void {
    if (this.on("record")) {
      const { name } = this.#spec;
      const head = { benchmark: name, recorded: new Date().toISOString() };
      const command = ["npm run bench --", name, ...process.argv.slice(2)].join(" ");
      const result = { ...head, command, machine: this.machine(), ...record };
      say(`Written to ${recordResult(name, result)}`);
    }
    process.stdout.write(this.on("json") ? `${JSON.stringify(json)}\n` : text);
  }

  #valueOf(option: Name): string | boolean | number | undefined {
    return this.#values[option] ?? this.#spec.options[option].otherwise;
  }
}

/** Runs a benchmark, or prints its help; errors a user can act on become one line and their exit code. */
export async function benchmark<Name extends string>(
  spec: BenchmarkSpec<Name>,
  body: (call: Invocation<Name>) => Promise<void>,
): Promise<void> {
  try {
    const values = parse(spec);
    if (values["help"] === true) process.stdout.write(usage(spec));
    else await body(new Invocation(spec, values));
  } catch (error) {
    if (!(error instanceof BrinkError)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}

/** Progress and remarks, which are no results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function optionsOf<Name extends string>({ name, json, options }: BenchmarkSpec<Name>): [string, Option][] {
  return [
    ["json", { about: json }],
    ["record", { about: `also write bench/results/${name}.json` }],
    ...Object.entries<Option>(options),
  ];
}

function parse<Name extends string>(spec: BenchmarkSpec<Name>): Values {
  const entries = optionsOf(spec);
  const options = Object.fromEntries(
    [["help", {}] as const, ...entries].map(([name, { value }]: readonly [string, Option]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  try {
    return parseArgs({ options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error), {
      allowed: entries.filter(([, { about }]) => about !== undefined).map(([name]) => `--${name}`),
    });
  }
}

function usage<Name extends string>(spec: BenchmarkSpec<Name>): string {
  const lines = optionsOf(spec).flatMap(([name, { value, about, otherwise }]) => {
    const flag = value === undefined ? `--${name}` : `--${name} ${value}`;
    const line = otherwise === undefined ? about : `${about} (default ${otherwise})`;
    return about === undefined ? [] : [`  ${flag.padEnd(14)} ${line}\n`];
  });
  return `Usage: npm run bench -- ${spec.name} [options]\n${lines.join("")}`;
}
