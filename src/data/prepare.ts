// From raw examples to a data set: class filter, statistics, subset, scaling, targets, checksum, in this order.
import { type DType, InputError, type Vector, norm, randomStream, zeros } from "../math/index.ts";
import { fnv1a64 } from "./checksum.ts";
import type { PreparationSettings } from "./config.ts";
import type { Dataset, Examples } from "./dataset.ts";
import { type DataSource, type ExampleSource, grouped } from "./source.ts";
import {
  type InputStatistics,
  channelStatistics,
  inputStatistics,
  standardizationNote,
  usableDeviations,
} from "./standardize.ts";

/** Per-input statistics to use instead of the training examples' own, and their description. */
export interface KnownStatistics {
  readonly statistics: InputStatistics;
  readonly from: string;
}

interface Scaling {
  readonly mean: Float64Array;
  readonly std: Float64Array;
}

/**
 * Prepares a data set. Statistics are those of the whole training set before any selection (Cohen et al. 2021);
 * test examples are scaled by them too. Only the selected examples are ever converted to floats.
 *
 * @throws InputError when more examples are asked for than there are, a class does not exist, or a selected
 *   value is not finite
 */
export function prepareDataset(
  source: DataSource,
  settings: PreparationSettings,
  known: KnownStatistics | null = null,
): Dataset {
  const notes = [...source.notes];
  const classes = keptClasses(source, settings.classes);
  if (classes !== null) notes.push(`classes ${classes.named}, relabelled 0 to ${classes.count - 1}`);
  const dtype = settings.dtype ?? source.dtype;
  const scaling = scalingOf(source, settings.standardize, known, notes);
  const convert = (split: ExampleSource, chosen: Uint32Array): Examples =>
    convertExamples(source, split, chosen, { scaling, classes, dtype, targets: settings.targets });

  const rows = chooseExamples(source.train, classes, settings, "n", source.trainName);
  if (settings.subset === "random") {
    notes.push(`${grouped(rows.length)} training examples drawn at random with seed ${settings.seed}`);
  }
  const train = convert(source.train, rows);
  if (train.labels !== null && train.labels.every((label) => label === train.labels![0])) {
    notes.push(`every training example is of class ${train.labels[0]}: there is nothing to tell apart`);
  }
  let test: Examples | null = null;
  if (settings.testN !== 0) {
    if (source.test === null) notes.push("no test examples: the data has none");
    else
      test = convert(source.test, chooseExamples(source.test, classes, settings, "testN", "test examples"));
  }
  if (settings.unitBall) notes.push(intoUnitBall(train, test));
  return {
    name: source.name,
    inputShape: source.inputShape,
    outputs: train.y.length / train.n,
    classes: classes?.count ?? source.classes,
    train,
    test,
    provenance: { files: source.files, checksum: fnv1a64(train.x, train.y), notes },
  };
}

/** Which classes stay, and what becomes of them. */
interface KeptClasses {
  /** New label by original one. */
  readonly labels: ReadonlyMap<number, number>;
  /** Number of new classes. */
  readonly count: number;
  /** `0, 1 only`, or with groups `2+3, 0+1 (every + makes one class of several)`. */
  readonly named: string;
}

/** Null for all classes as they are. */
function keptClasses(source: DataSource, wanted: PreparationSettings["classes"]): KeptClasses | null {
  if (wanted === null) return null;
  const entries = typeof wanted === "number" ? Array.from({ length: wanted }, (_, k) => k) : wanted;
  const groups = entries.map((entry) => (typeof entry === "number" ? [entry] : entry));
  const missing = groups.flat().find((label) => label >= source.classes);
  if (missing !== undefined) {
    throw new InputError(source.classes === 0 ? "the data has real targets, no classes" : "no such class", {
      field: "data.classes",
      received: String(typeof wanted === "number" ? `${wanted} classes` : missing),
      ...(source.classes === 0 ? {} : { allowed: `0 to ${source.classes - 1}` }),
    });
  }
  const merged = groups.some((group) => group.length > 1);
  const list = groups.map((group) => group.join("+")).join(", ");
  return {
    labels: new Map(groups.flatMap((group, k) => group.map((label) => [label, k] as const))),
    count: groups.length,
    named: merged ? `${list} (every + makes one class of several)` : `${list} only`,
  };
}

function chooseExamples(
  split: ExampleSource,
  classes: KeptClasses | null,
  settings: PreparationSettings,
  option: "n" | "testN",
  called: string,
): Uint32Array {
  let rows = Uint32Array.from({ length: split.count }, (_, i) => i);
  if (classes !== null) {
    rows = rows.filter((i) => classes.labels.has(split.labels![i]!));
  }
  const wanted = settings[option];
  const n = wanted === "all" ? rows.length : wanted;
  if (n > rows.length || n === 0) {
    throw new InputError(n === 0 ? "no examples left" : "more examples wanted than there are", {
      field: `data.${option}`,
      received: String(wanted),
      allowed: `at most ${rows.length} (${called}${classes === null ? "" : " in the chosen classes"}), or all`,
    });
  }
  if (settings.subset === "random") {
    randomStream(settings.seed, `data/${option}`).partialShuffle(rows, Math.min(n, rows.length - 1));
  }
  return rows.slice(0, n);
}

function scalingOf(
  source: DataSource,
  mode: PreparationSettings["standardize"],
  known: KnownStatistics | null,
  notes: string[],
): Scaling | null {
  if (mode === "none") return null;
  const inputs = source.inputShape.reduce((product, extent) => product * extent, 1);
  let statistics = known?.statistics ?? inputStatistics(source.train, inputs);
  if (mode === "channel") statistics = channelStatistics(statistics, source.inputShape);
  const { std, constant } = usableDeviations(statistics);
  const from = known?.from ?? `the ${grouped(source.train.count)} ${source.trainName}`;
  notes.push(standardizationNote(mode, from, constant));
  return { mean: statistics.mean, std };
}

/** Divides the inputs of both splits by the largest norm of a training input; says by how much. */
function intoUnitBall(train: Examples, test: Examples | null): string {
  const inputs = train.x.length / train.n;
  let largest = 0;
  for (let i = 0; i < train.n; i++) {
    largest = Math.max(largest, norm(train.x.subarray(i * inputs, (i + 1) * inputs)));
  }
  if (largest === 0) return "every training input is zero: there is nothing to scale into the unit ball";
  for (const x of [train.x, ...(test === null ? [] : [test.x])]) {
    for (let j = 0; j < x.length; j++) x[j] = x[j]! / largest;
  }
  return `inputs divided by ${largest.toPrecision(6)}, the largest norm of a training input`;
}

interface Conversion {
  readonly scaling: Scaling | null;
  readonly classes: KeptClasses | null;
  readonly dtype: DType;
  readonly targets: PreparationSettings["targets"];
}

function convertExamples(
  source: DataSource,
  split: ExampleSource,
  chosen: Uint32Array,
  { scaling, classes, dtype, targets }: Conversion,
): Examples {
  const n = chosen.length;
  const inputs = source.inputShape.reduce((product, extent) => product * extent, 1);
  const x = room(dtype, n, inputs, "n");
  for (let i = 0; i < n; i++) {
    const row = split.row(chosen[i]!);
    const at = i * inputs;
    for (let j = 0; j < inputs; j++) {
      const value = row[j]! / split.divisor;
      x[at + j] = scaling === null ? value : (value - scaling.mean[j]!) / scaling.std[j]!;
      if (!Number.isFinite(x[at + j])) {
        throw new InputError(`input ${j} of example ${chosen[i]!} is not a finite ${dtype} number`, {
          ...(source.files.length === 1 ? { file: source.files[0]! } : {}),
          field: "x",
          received: String(row[j]),
        });
      }
    }
  }
  if (split.targets !== null) {
    return { n, x, y: copyTargets(split.targets, chosen, source.columns, dtype), labels: null };
  }
  const count = classes?.count ?? source.classes;
  const labels = count <= 256 ? new Uint8Array(n) : new Uint16Array(n);
  for (let i = 0; i < n; i++) {
    const label = split.labels![chosen[i]!]!;
    labels[i] = classes === null ? label : classes.labels.get(label)!;
  }
  return { n, x, y: encodeLabels(labels, count, targets, dtype), labels };
}

/** A zero vector for rows×columns values. @throws InputError when no memory holds it */
function room(dtype: DType, rows: number, columns: number, option: string): Vector {
  try {
    return zeros(dtype, rows * columns);
  } catch {
    throw new InputError(`${rows} examples × ${columns} ${dtype} values do not fit in memory`, {
      field: `data.${option}`,
      hint: "Use fewer examples or float32.",
    });
  }
}

function copyTargets(values: ArrayLike<number>, chosen: Uint32Array, columns: number, dtype: DType): Vector {
  const y = room(dtype, chosen.length, columns, "n");
  for (let i = 0; i < chosen.length; i++) {
    for (let k = 0; k < columns; k++) {
      y[i * columns + k] = values[chosen[i]! * columns + k]!;
      if (!Number.isFinite(y[i * columns + k])) {
        throw new InputError(`target ${k} of example ${chosen[i]!} is not a finite ${dtype} number`, {
          field: "y",
          received: String(values[chosen[i]! * columns + k]),
        });
      }
    }
  }
  return y;
}

/**
 * Targets for labels: n×classes one-hot 0/1, or ±1. With two classes ±1 targets are one column, -1 for class 0
 * and +1 for class 1.
 */
export function encodeLabels(
  labels: ArrayLike<number>,
  classes: number,
  targets: PreparationSettings["targets"],
  dtype: DType,
): Vector {
  const n = labels.length;
  if (targets === "pm1" && classes === 2) {
    const y = zeros(dtype, n);
    for (let i = 0; i < n; i++) y[i] = labels[i] === 1 ? 1 : -1;
    return y;
  }
  const y = room(dtype, n, classes, "classes");
  if (targets === "pm1") y.fill(-1);
  for (let i = 0; i < n; i++) y[i * classes + labels[i]!] = 1;
  return y;
}
