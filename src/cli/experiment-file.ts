// Reading an experiment file from disk, with flags and environment on top.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type ExperimentConfig, type ParsedExperiment, parseExperiment } from "../lab/index.ts";
import { didYouMean, InputError } from "../math/index.ts";
import { type ConfigOptions, overridesOf, resolvePath } from "./host.ts";
import type { Io } from "./output.ts";

/** An experiment is a page of text; anything much larger is the wrong file. */
const largestFile = 4 * 1024 * 1024;

/** Parses `file`. Throws InputError when it cannot be read (with the nearest name in its folder) or is not valid. */
export function loadExperiment(io: Io, file: string, options: ConfigOptions): ParsedExperiment {
  return parseExperiment(readTextFile(io, file), { file, overrides: overridesOf(options), env: io.env });
}

/**
 * The configuration of a file that describes one run, for a command that needs just one (`purpose`: "a measurement").
 *
 * @throws InputError when the file has a sweep or lists runs
 */
export function singleRun(config: ExperimentConfig, file: string, purpose: string): ExperimentConfig {
  const several = Object.keys(config.sweep).length > 0 ? "sweep" : config.runs.length > 0 ? "runs" : null;
  if (several === null) return config;
  throw new InputError(`this file describes several runs; ${purpose} needs one`, {
    file,
    field: several,
    hint: "Use the config.yaml in a run's folder",
  });
}

function readTextFile(io: Io, file: string): string {
  const absolute = resolvePath(io, file);
  try {
    const bytes = readFileSync(absolute);
    if (bytes.length > largestFile) {
      throw new InputError("too large for an experiment file", {
        file,
        received: `${bytes.length} bytes`,
        allowed: `at most ${largestFile}`,
      });
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof TypeError) throw new InputError("not a text file (invalid UTF-8)", { file });
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Record<string, string> = {
      ENOENT: "no such file",
      EISDIR: "is a folder, not an experiment file",
      EACCES: "not allowed to read it",
    };
    const hint = code === "ENOENT" ? nearbyFile(absolute) : undefined;
    throw new InputError(reasons[code ?? ""] ?? `cannot be read (${String(code)})`, {
      file,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function nearbyFile(absolute: string): string | undefined {
  try {
    const files = readdirSync(path.dirname(absolute)).filter((name) => /\.ya?ml$/.test(name));
    return didYouMean(path.basename(absolute), files);
  } catch {
    return undefined;
  }
}
