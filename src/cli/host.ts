// What every command gets from the program around it, and the options several commands share.
import path from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Io, Output } from "./output.ts";

/** Options accepted by every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

/** Runs a command's body with its output and records the exit code it returns. */
export interface Host {
  readonly io: Io;
  /** Arguments as given, for provenance. */
  readonly argv: readonly string[];
  run(options: CommonOptions, body: (output: Output) => Promise<number>): Promise<void>;
}

/** Output settings from options and environment (NO_COLOR: https://no-color.org). */
export function outputFor(io: Io, options: CommonOptions): Output {
  const noColor = io.env["NO_COLOR"];
  return new Output(io, {
    json: options.json === true,
    quiet: options.quiet === true,
    color: options.color !== false && (noColor === undefined || noColor === ""),
  });
}

/** Devices a user can name. */
export const devices = ["cpu", "webgpu", "cuda", "reference"] as const;

/** Settings of an experiment given as flags; they become overrides of the file. */
export interface ConfigOptions {
  readonly set?: readonly string[];
  readonly threads?: number;
  readonly device?: string;
}

/** Adds `--set`, `--threads`, `--device`. */
export function withConfigOptions(command: Command): Command {
  return command
    .option("--set <key=value>", "override one setting, e.g. optimizer.lr=0.02 (repeatable)", collect)
    .option("--threads <n>", "threads of the runtime (default: physical cores)", integerFrom(1))
    .addOption(new Option("--device <name>", "where to compute").choices(devices));
}

/** The overrides a command's flags stand for, in order; `--device` and `--threads` come last and win. */
export function overridesOf(options: ConfigOptions): string[] {
  const overrides = [...(options.set ?? [])];
  if (options.threads !== undefined) overrides.push(`threads=${options.threads}`);
  if (options.device !== undefined) overrides.push(`device=${options.device}`);
  return overrides;
}

/** Adds `--runs-dir`. */
export function withRunsDir(command: Command): Command {
  return command.option("--runs-dir <dir>", "folder the runs are kept in", "runs");
}

/** Absolute path of what the user wrote, from the folder the command was started in. */
export function resolvePath(io: Io, file: string): string {
  return path.resolve(io.cwd, file);
}

/** Parser of a whole-number argument of at least `least`. */
export function integerFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** Parser of a positive number. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("Expected a number greater than 0.");
  }
  return value;
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

/** Help text of a command: what it is for and examples first, then usage and options. */
export function examplesFirst(command: Command, examples: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, about]) => `  ${line.padEnd(width)}  # ${about}`);
  return command.addHelpText("before", `Examples:\n${lines.join("\n")}\n`);
}
