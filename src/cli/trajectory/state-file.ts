// The saved state of a tracked run as a safetensors file, with the settings it was tracked with.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { InputError } from "../../math/index.ts";
import { fileError } from "../../node/files.ts";
import { parseSafetensors, serialiseSafetensors } from "../../record/index.ts";
import type { PredictedForm, TrackState } from "../../theory/index.ts";

/** Settings that a resumed run takes over. */
export interface SavedSettings {
  readonly forms: readonly PredictedForm[];
  readonly flow: boolean;
  readonly separateNoise: boolean;
  readonly responseEvery: number;
}

/** Everything that is saved. */
export interface SavedTrack {
  readonly state: TrackState;
  readonly settings: SavedSettings;
}

const FILE = "state.safetensors";
const KEY = "brink.trajectory";

/** Replaces the saved state in a folder, whole or not at all. @throws RunError when the disk refuses */
export function saveTrack(folder: string, { state, settings }: SavedTrack): void {
  const { vectors, ...rest } = state;
  const bytes = serialiseSafetensors({
    tensors: new Map([...vectors].map(([name, data]) => [name, { shape: [data.length], data }])),
    metadata: { [KEY]: JSON.stringify({ version: 1, state: rest, settings }) },
  });
  const file = path.join(folder, FILE);
  try {
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw fileError(error, "cannot save the tracked run", file);
  }
}

/**
 * The saved state in a folder.
 *
 * @throws InputError when there is none, or it is damaged or of a network with another number of parameters
 */
export function loadTrack(folder: string): SavedTrack {
  const file = path.join(folder, FILE);
  if (!existsSync(file)) {
    throw new InputError("there is no tracked run to resume here", {
      file: folder,
      hint: "A state is saved about once a minute and on Ctrl-C; name the folder with --out",
    });
  }
  const { tensors, metadata } = parseSafetensors(readFileSync(file), file);
  const saved = JSON.parse(metadata[KEY] ?? "{}") as {
    version?: number;
    state: Omit<TrackState, "vectors">;
    settings: SavedSettings;
  };
  if (saved.version !== 1) throw new InputError("not the saved state of a tracked run", { file });
  const vectors = new Map(
    [...tensors].map(([name, { data }]) => {
      if (data instanceof Float64Array) return [name, data] as const;
      throw new InputError("a vector of the saved state is not float64", { file, field: name });
    }),
  );
  return { state: { ...saved.state, vectors }, settings: saved.settings };
}
