// Where the command line writes: data to stdout, everything else to stderr, JSON when asked.
import { BrinkError } from "../math/index.ts";

/** The part of a Node stream the command line needs; tests hand in their own. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What the process gives a command: streams, environment, folder, clock. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Writer shared by all commands. Under `json`, human text goes nowhere near stdout. */
export class Output {
  readonly io: Io;
  readonly options: OutputOptions;

  constructor(io: Io, options: OutputOptions) {
    this.io = io;
    this.options = options;
  }

  /** Human-readable result, on stdout; nothing under `--json`. */
  text(text: string): void {
    if (!this.options.json) this.io.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Human-readable text set off from what was written before by an empty line; nothing when it is empty. */
  below(text: string): void {
    if (text !== "") this.text(`\n${text}`);
  }

  /** Machine-readable result, one line on stdout; nothing without `--json`. */
  json(value: unknown): void {
    if (this.options.json) this.io.stdout.write(`${JSON.stringify(value, finiteOrNull)}\n`);
  }

  /** What is going on, on stderr; silenced by `--quiet`. */
  note(text: string): void {
    if (!this.options.quiet) this.io.stderr.write(`${text}\n`);
  }

  /** Something the user should know even with `--quiet`. */
  warn(text: string): void {
    this.io.stderr.write(`${this.paint("warning:", "yellow", this.io.stderr)} ${text}\n`);
  }

  /** Whether `stream` shows colour: a terminal, `--no-color` and NO_COLOR absent. */
  paint(text: string, style: keyof typeof styles, stream: Sink = this.io.stdout): string {
    if (!this.options.color || stream.isTTY !== true) return text;
    return `\u001B[${styles[style]}m${text}\u001B[0m`;
  }

  /** Prints an error (JSON object under `--json`) on stderr and returns the process exit code. */
  error(error: unknown): number {
    const known = error instanceof BrinkError;
    const code = known ? error.exitCode : 1;
    const message = error instanceof Error ? error.message : String(error);
    if (this.options.json) {
      const body = known
        ? { message, kind: error.name, code, ...error.detail }
        : { message, kind: "Error", code };
      this.io.stderr.write(`${JSON.stringify({ error: body })}\n`);
      return code;
    }
    this.io.stderr.write(`${this.paint("error:", "red", this.io.stderr)} ${message}\n`);
    // Anything but a failed system call (disk full, no permission) is our defect: a bug report needs the stack.
    const system = error instanceof Error && "syscall" in error;
    if (!known && !system && error instanceof Error && error.stack !== undefined) {
      this.io.stderr.write(`${error.stack.split("\n").slice(1).join("\n")}\n`);
    }
    return code;
  }
}

/** JSON has no NaN or infinities: a non-finite number is written as null, like in events.jsonl. */
function finiteOrNull(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
