// A run continued in memory from a checkpoint, window after window, with every candidate place measured at the end of each.
import type { ExampleObjective } from "../../curvature/index.ts";
import { dot, InputError, type Vector } from "../../math/index.ts";
import type { ExperimentConfig } from "../config-types.ts";
import { replay } from "../replay.ts";
import type { Checkpoint, StopSignal } from "../run-types.ts";
import {
  type FailedPlace,
  measurePlaces,
  type Place,
  type PlaceOptions,
  type PlaceRecord,
} from "./candidates.ts";
import { IterateWindow } from "./iterate-window.ts";

/** One window of a continued run. */
export interface SegmentRecord {
  readonly type: "segment";
  /** Steps of its first and last iterate. */
  readonly first: number;
  readonly last: number;
  /** E x² along the leading eigenvectors known when the window began; empty when none was. */
  readonly oscillation: readonly number[];
  /** |⟨u, u'⟩| of the top eigenvector between the window's beginning and its end: 1 when it has not turned. */
  readonly alignment: number | null;
  readonly places: readonly PlaceRecord[];
  readonly failed: readonly FailedPlace[];
}

/** Which run, and how long. */
export interface SegmentOptions extends Pick<PlaceOptions, "tol" | "maxProducts"> {
  readonly config: ExperimentConfig;
  readonly objective: ExampleObjective;
  readonly from: Checkpoint;
  /** Steps of a window. */
  readonly window: number;
  readonly segments: number;
  /** Segments measured already; their steps are only replayed. */
  readonly skip?: number;
  readonly signal?: StopSignal;
  readonly onStep?: (step: number) => void;
  readonly onPlace?: (segment: number, place: Place) => void;
}

/**
 * Continues a run beyond its checkpoint, to the bits it would have had, and yields a record a window. Nothing of
 * the run itself is changed. Costs the steps, and five eigen-solves of two pairs a window.
 *
 * @throws InputError for a window below two steps; RunError when the run diverges
 */
export async function* measureSegments(options: SegmentOptions): AsyncGenerator<SegmentRecord, void> {
  const { config, objective, from, window, segments, skip = 0, signal, tol, maxProducts } = options;
  const { lr } = config.optimizer;
  if (!Number.isSafeInteger(window) || window < 2) {
    throw new InputError("a window needs two steps", { received: String(window), allowed: "2 or more" });
  }
  const first = from.step + skip * window;
  let warm: readonly Vector[] = skip === 0 ? (from.eigen?.eigenvectors ?? []) : [];
  let segment = skip;
  let collected = new IterateWindow(objective.size, warm);
  const { onStep } = options;
  const iterates = replay(
    { config, objective, from, ...(onStep === undefined ? {} : { onStep }) },
    first,
    from.step + segments * window,
  );
  for await (const { step, theta } of iterates) {
    if (signal?.aborted === true) return;
    collected.add(theta);
    if (collected.count <= window) continue;
    const at = segment;
    const found = await measurePlaces(objective, collected, {
      lr,
      ...(tol === undefined ? {} : { tol }),
      ...(maxProducts === undefined ? {} : { maxProducts }),
      seed: config.seed,
      warm,
      onPlace: (place) => options.onPlace?.(at, place),
    });
    const [before, after] = [warm[0], found.eigenvectors[0]];
    yield {
      type: "segment",
      first: step - window,
      last: step,
      oscillation: collected.oscillation(),
      alignment: before === undefined || after === undefined ? null : Math.abs(dot(before, after)),
      places: found.places,
      failed: found.failed,
    };
    warm = found.eigenvectors;
    segment += 1;
    collected = new IterateWindow(objective.size, warm);
    collected.add(theta);
  }
}
