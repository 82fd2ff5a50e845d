// Measured windows of one run on disk, one a line, appended as they come.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SegmentRecord } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { fileError } from "../../node/files.ts";

interface Header {
  readonly type: "prediction";
  readonly version: 1;
  readonly run: string;
  readonly window: number;
  /** Step of the checkpoint the windows follow. */
  readonly fromStep: number;
  /** Training examples. */
  readonly n: number;
}

/** The file of a run. A process killed while it writes leaves all lines but the last. */
export class SegmentStore {
  readonly #file: string;
  readonly #window: number;
  #header: Header | null = null;
  readonly #segments: SegmentRecord[] = [];

  /** @throws InputError when the file holds windows of another length, or is none of ours */
  constructor(file: string, window: number) {
    this.#file = file;
    this.#window = window;
    if (!existsSync(file)) return;
    for (const line of completeLines(file)) {
      const { type } = line;
      if (type === "prediction") this.#header = line as unknown as Header;
      else if (type === "segment") this.#segments.push(line as unknown as SegmentRecord);
    }
    if (this.#header?.version !== 1) {
      throw new InputError("not a file of measured windows", {
        file,
        hint: "Choose another folder with --out",
      });
    }
    if (this.#header.window !== window) {
      throw new InputError("the windows measured there have another length", {
        file,
        field: "--window",
        received: String(window),
        allowed: String(this.#header.window),
        hint: "Choose another folder with --out",
      });
    }
  }

  /** Training examples of the run; 0 before anything is measured. */
  get n(): number {
    return this.#header?.n ?? 0;
  }

  get segments(): readonly SegmentRecord[] {
    return this.#segments;
  }

  /** Begins the file, or checks that it continues the same checkpoint. */
  begin(run: string, fromStep: number, n: number): void {
    if (this.#header === null) {
      this.#header = { type: "prediction", version: 1, run, window: this.#window, fromStep, n };
      this.#write(this.#header, writeFileSync);
    } else if (this.#header.fromStep !== fromStep) {
      throw new InputError("the run has gone on since its windows were measured", {
        file: this.#file,
        received: `a checkpoint at step ${fromStep}`,
        allowed: `step ${this.#header.fromStep}`,
        hint: "Choose another folder with --out",
      });
    }
  }

  append(segment: SegmentRecord): void {
    this.#segments.push(segment);
    this.#write(segment, appendFileSync);
  }

  #write(line: object, write: (file: string, text: string) => void): void {
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      write(this.#file, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw fileError(error, "cannot write the measured windows", this.#file);
    }
  }
}

function completeLines(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      throw new InputError("damaged", {
        file,
        received: `line ${i + 1}`,
        hint: "Delete it to measure again",
      });
    }
  });
}
