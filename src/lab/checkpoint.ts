// Checkpoint ⇄ tensor file: parameters under their PyTorch names, everything else under names beginning `brink.`.
import { InputError, type Vector } from "../math/index.ts";
import type { RandomState } from "../math/index.ts";
import { SAMPLINGS, type SamplerState, updateRule, type UpdateState } from "../optim/index.ts";
import type { NamedTensor, TensorFile } from "../record/index.ts";
import type { ExperimentConfig } from "./config-types.ts";
import type { CouplingCheckpoint } from "./coupling-run.ts";
import type { Checkpoint, EigenState, LayoutEntry, Progress } from "./run-types.ts";

/** Prefix of tensors that are not parameters. */
export const STATE_PREFIX = "brink.";
const METADATA_KEY = "brink.checkpoint";

const COUPLING_VECTORS = ["theta", "gradient"] as const;

/** JSON part of a checkpoint, in the file's metadata. */
interface Header {
  readonly version: 1;
  readonly step: number;
  readonly sampler: SamplerState | null;
  readonly eigenvalues: readonly number[] | null;
  readonly coupling?: Omit<CouplingCheckpoint, "vectors">;
  readonly progress: Progress;
}

/**
 * The checkpoint as tensors. The vectors are views of the checkpoint's own, not copies: serialise the file
 * before the run goes on.
 */
export function encodeCheckpoint(checkpoint: Checkpoint, layout: readonly LayoutEntry[]): TensorFile {
  const { theta, eigen, previous } = checkpoint;
  const tensors = new Map<string, NamedTensor>();
  for (const [i, { name, shape, offset }] of layout.entries()) {
    const end = layout[i + 1]?.offset ?? theta.length;
    tensors.set(name, { shape, data: theta.subarray(offset, end) });
  }
  const flat = (name: string, data: Vector): void => {
    tensors.set(STATE_PREFIX + name, { shape: [data.length], data });
  };
  for (const [name, vector] of Object.entries(checkpoint.optimizer)) flat(`optimizer.${name}`, vector);
  eigen?.eigenvectors.forEach((vector, i) => flat(`eigenvector.${i}`, vector));
  if (previous !== null) flat("previous", previous);
  const { vectors, ...coupling } = checkpoint.coupling ?? { vectors: null };
  if (vectors !== null) for (const key of COUPLING_VECTORS) flat(`coupling.${key}`, vectors[key]);
  const header: Header = {
    version: 1,
    step: checkpoint.step,
    sampler: checkpoint.sampler,
    eigenvalues: eigen === null ? null : eigen.eigenvalues,
    ...("state" in coupling ? { coupling } : {}),
    progress: checkpoint.progress,
  };
  return { tensors, metadata: { [METADATA_KEY]: JSON.stringify(header) } };
}

/**
 * Reads a checkpoint of the run `config` describes, for parameters laid out as `layout`.
 *
 * @throws InputError when the file is not a checkpoint, or its tensors do not fit the layout, precision or optimiser
 */
export function decodeCheckpoint(
  file: TensorFile,
  layout: readonly LayoutEntry[],
  config: ExperimentConfig,
  fileName = "checkpoint",
): Checkpoint {
  const header = parseHeader(file.metadata[METADATA_KEY], fileName);
  const last = layout.at(-1);
  const size = last === undefined ? 0 : last.offset + product(last.shape);
  const read = (name: string, shape: readonly number[]): Vector =>
    tensor(file, name, shape, config.precision, fileName);
  const theta = config.precision === "float32" ? new Float32Array(size) : new Float64Array(size);
  for (const { name, shape, offset } of layout) theta.set(read(name, shape), offset);

  const flat = (name: string): Vector => read(STATE_PREFIX + name, [size]);
  const optimizer: UpdateState = Object.fromEntries(
    updateRule(config.optimizer).stateNames.map((name) => [name, flat(`optimizer.${name}`)]),
  );
  const eigen: EigenState | null =
    header.eigenvalues === null
      ? null
      : {
          eigenvalues: header.eigenvalues,
          eigenvectors: header.eigenvalues.map((_, i) => flat(`eigenvector.${i}`)),
        };
  const previous = file.tensors.has(`${STATE_PREFIX}previous`) ? flat("previous") : null;
  const vectors = file.tensors.has(`${STATE_PREFIX}coupling.theta`)
    ? { theta: flat("coupling.theta"), gradient: flat("coupling.gradient") }
    : null;
  return {
    step: header.step,
    theta,
    optimizer,
    sampler: header.sampler,
    eigen,
    previous,
    ...(header.coupling === undefined ? {} : { coupling: { ...header.coupling, vectors } }),
    progress: header.progress,
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function tensor(
  file: TensorFile,
  name: string,
  shape: readonly number[],
  precision: "float32" | "float64",
  fileName: string,
): Vector {
  const found = file.tensors.get(name);
  if (found === undefined) {
    throw new InputError("the checkpoint lacks a tensor", { file: fileName, field: name });
  }
  const data = found.data;
  const fits =
    found.shape.join() === shape.join() &&
    (precision === "float32" ? data instanceof Float32Array : data instanceof Float64Array);
  if (!fits) {
    throw new InputError("a tensor of the checkpoint does not fit this run", {
      file: fileName,
      field: name,
      received: `[${found.shape.join(", ")}] ${data.constructor.name}`,
      allowed: `[${shape.join(", ")}] ${precision}`,
    });
  }
  return data as Vector;
}

function parseHeader(text: string | undefined, fileName: string): Header {
  if (text === undefined) {
    throw new InputError("not a checkpoint of a run (only parameters?)", { file: fileName });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isHeader(value)) {
    throw new InputError("the checkpoint's header is damaged or of another version", { file: fileName });
  }
  return value;
}

function isHeader(value: unknown): value is Header {
  if (!isObject(value) || value["version"] !== 1 || !isCount(value["step"])) return false;
  const { sampler, eigenvalues, progress } = value;
  if (eigenvalues !== null && !isNumbers(eigenvalues)) return false;
  if (sampler !== null && !isSampler(sampler)) return false;
  if (value["coupling"] !== undefined && !isCoupling(value["coupling"])) return false;
  if (!isObject(progress) || !isRecords(progress["recent"])) return false;
  const { assumptions = {}, series = {} } = progress;
  if (!isAssumptions(assumptions) || !isObject(series) || !Object.values(series).every(isSeries))
    return false;
  const maybe = ["loss", "initialLoss", "sharpness", "accuracy", "testAccuracy", "onset", "exceeded"];
  return (
    isCount(progress["events"]) &&
    isCount(progress["hvps"]) &&
    (progress["ended"] === null || progress["ended"] === "finished") &&
    maybe.every((key) => progress[key] === null || typeof progress[key] === "number")
  );
}

function isCoupling(value: unknown): boolean {
  if (!isObject(value) || !Number.isSafeInteger(value["fed"]) || !isObject(value["state"])) return false;
  const { sums, windows, steps } = value["state"];
  const pairs = [sums, ...(Array.isArray(windows) ? (windows as unknown[]) : [undefined])];
  return (
    isCount(steps) &&
    pairs.every(
      (pair) => isObject(pair) && Object.values(pair).every((sum) => isNumbers(sum) && sum.length === 2),
    )
  );
}

function isSampler(value: unknown): boolean {
  if (!isObject(value) || !isCount(value["position"])) return false;
  if (!SAMPLINGS.includes(value["sampling"] as SamplerState["sampling"])) return false;
  const random = value["random"] as RandomState | undefined;
  return (
    isObject(random) &&
    isNumbers(random["generator"]) &&
    random["generator"].length === 4 &&
    (random["spare"] === null || typeof random["spare"] === "number")
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number");
}

function isRecords(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (record: unknown) =>
        Array.isArray(record) &&
        record.length === 2 &&
        isCount(record[0]) &&
        (record[1] === null || typeof record[1] === "number"),
    )
  );
}

function isSeries(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => entry === null || typeof entry === "number");
}

function isAssumptions(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.values(value).every(
      (count) =>
        isObject(count) &&
        isCount(count["checked"]) &&
        isCount(count["failed"]) &&
        typeof count["message"] === "string",
    )
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
