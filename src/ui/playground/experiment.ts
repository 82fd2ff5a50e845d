// The playground's controls as an experiment: the settings that `brink run` would read from a file.
import { InputError } from "../../math/errors.ts";
import type { Settings } from "../../web/protocol.ts";
import { FORKABLE, PLAYGROUND, type PlaygroundName, type PlaygroundValues, VIEW_ONLY } from "./properties.ts";

/** The `data` section that reads the files dropped last, or null when there are none. */
export type DroppedSection = Settings | null;

/**
 * The experiment that the controls describe; what has no meaning under the present choices is left out.
 *
 * @throws InputError when a dropped file is wanted and none was dropped
 */
export function experimentOf(values: PlaygroundValues, dropped: DroppedSection): Settings {
  const { rule, lr, batch, sampling, every, k, tol, landscape, noise, bs, precision, device } = values;
  return {
    name: "playground",
    data: dataOf(values, dropped),
    net: netOf(values),
    loss: values.loss,
    optimizer: rule === "gd" ? { name: "gd", lr } : { name: "sgd", lr, batch, sampling },
    steps: values.steps,
    seed: values.seed,
    precision,
    ...(device === "cpu" ? {} : { device }),
    measure: {
      every,
      accuracy: false,
      sharpness: { k, tol },
      testEvery: 0,
      ...(landscape ? { landscape } : {}),
      ...(noise ? { noise: { sampled: 0 } } : {}),
      ...(bs ? { batchSharpness: { batch: batchMeasured(values) } } : {}),
    },
  };
}

/** Batches whose curvature is averaged: those of the steps, or of the size the form holds where steps use all examples. */
function batchMeasured({ rule, batch }: PlaygroundValues): number | "optimizer" {
  return rule === "sgd" ? "optimizer" : batch;
}

function dataOf(values: PlaygroundValues, dropped: DroppedSection): Settings {
  const { data, degree, n, classes, size, seed } = values;
  switch (data) {
    case "chebyshev":
      return { name: data, degree, n };
    case "gaussians":
      return { name: data, classes, n, seed };
    case "synthetic-images":
      return { name: data, classes, size, n, testN: 0, seed };
    default:
      if (dropped === null) {
        throw new InputError("there is no dropped file to train on", {
          field: "data",
          received: "file",
          hint: "Drop it on the page again: pages keep no files, and nothing leaves this machine",
        });
      }
      return { ...dropped, n };
  }
}

function netOf({ net, widths, channels, depth, activation, init, gain, bias }: PlaygroundValues): Settings {
  const start = {
    init,
    ...(gain === 1 ? {} : { gain }),
    bias: bias === "yes" ? true : bias === "zero" ? "zero" : false,
  };
  if (net === "mlp") return { name: net, widths, activation, ...start };
  if (net === "cnn") return { name: net, channels, hidden: widths, activation, ...start };
  return { name: net, depth, width: widths[0] ?? 1, ...start };
}

/** How the controls differ from those a run was made with. */
export type Difference = "same" | "fork" | "new";

/** Whether a run can go on under these controls, by a fork, or not at all. */
export function differenceOf(now: PlaygroundValues, then: PlaygroundValues): Difference {
  const names = (Object.keys(PLAYGROUND) as PlaygroundName[]).filter(
    (name) => !VIEW_ONLY.has(name) && String(now[name]) !== String(then[name]),
  );
  if (names.length === 0) return "same";
  return names.every((name) => FORKABLE.has(name)) ? "fork" : "new";
}

/** The changes by dotted key that a fork of a run makes. */
export function forkChanges(values: PlaygroundValues): Settings {
  const { optimizer, measure, steps } = experimentOf({ ...values, data: "chebyshev" }, null);
  return { optimizer: { batch: "full", sampling: "shuffle", ...(optimizer as Settings) }, measure, steps };
}

/** A command line that repeats the run: it writes the file and starts it. */
export function commandFor(yaml: string): string {
  return `cat > playground.yaml <<'EOF'\n${yaml.trimEnd()}\nEOF\nbrink run playground.yaml --report`;
}
