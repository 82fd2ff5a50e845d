// Gaussian classes that a linear model without bias separates, with the margin it is known to reach.
import { InputError, type RandomStream, norm, randomStream } from "../math/index.ts";
import type { GaussiansSettings } from "./config.ts";
import { type DataSource, type ExampleSource, flatRows, generatedValues } from "./source.ts";

/** Draws of one point before giving up. */
const MAX_DRAWS = 10_000;

/**
 * Class means are uniform on a sphere of the given radius; points are N(mean, sigma²·I), redrawn until they lie
 * at least `margin` on their own side of the plane halfway to every other mean. Those planes pass through the
 * origin because all means have one norm, so W = (means), scaled to ‖W‖_F = 1, separates the classes without a
 * bias: (w_y − w_k)·x ≥ γ > 0, the assumption of the large-step-size bounds for logistic regression.
 *
 * Classes take turns, so any leading part of the set is balanced.
 *
 * @throws InputError when points keep being rejected: the margin does not fit the radius and sigma
 */
export function gaussiansSource(settings: GaussiansSettings): DataSource {
  const { classes, features, radius, seed } = settings;
  const means = classMeans(randomStream(seed, "gaussians/means"), classes, features, radius);
  const train = draw(settings, means, settings.n, randomStream(seed, "gaussians/train"));
  const test = draw(settings, means, settings.testN, randomStream(seed, "gaussians/test"));
  let largest = 0;
  for (const values of [train, test]) {
    for (let i = 0; i < values.length; i += features) {
      largest = Math.max(largest, norm(values.subarray(i, i + features)));
    }
  }
  const divisor = settings.unitBall && largest > 0 ? largest : 1;
  const notes = [
    `separable without a bias; margin ${knownMargin(train, means, features, divisor).toPrecision(6)} for the class means scaled to Frobenius norm 1`,
  ];
  if (settings.unitBall)
    notes.push(`inputs divided by ${divisor.toPrecision(6)} so that the largest norm is 1`);
  return {
    name: "gaussians",
    files: [],
    notes,
    inputShape: [features],
    classes,
    columns: 0,
    dtype: "float32",
    train: sourceOf(train, features, classes, divisor),
    test: settings.testN === 0 ? null : sourceOf(test, features, classes, divisor),
    trainName: "training examples",
  };
}

function sourceOf(values: Float64Array, features: number, classes: number, divisor: number): ExampleSource {
  const count = values.length / features;
  return {
    count,
    row: flatRows(values, features),
    divisor,
    labels: Uint16Array.from({ length: count }, (_, i) => i % classes),
    targets: null,
  };
}

function classMeans(
  stream: RandomStream,
  classes: number,
  features: number,
  radius: number,
): readonly Float64Array<ArrayBuffer>[] {
  return Array.from({ length: classes }, () => {
    const mean = Float64Array.from({ length: features }, () => stream.normal());
    const length = norm(mean);
    return mean.map((value) => (value * radius) / length);
  });
}

function draw(
  { classes, features, sigma, margin }: GaussiansSettings,
  means: readonly Float64Array<ArrayBuffer>[],
  count: number,
  stream: RandomStream,
): Float64Array<ArrayBuffer> {
  const values = generatedValues(count, features);
  for (let i = 0; i < count; i++) {
    const label = i % classes;
    const point = values.subarray(i * features, (i + 1) * features);
    let draws = 0;
    do {
      if (draws++ === MAX_DRAWS) {
        throw new InputError(`no point of class ${label} kept its distance in ${MAX_DRAWS} draws`, {
          field: "data.margin",
          received: String(margin),
          hint: "Use a smaller margin or sigma, a larger radius, more features, fewer classes, or another seed.",
        });
      }
      for (let j = 0; j < features; j++) point[j] = means[label]![j]! + sigma * stream.normal();
    } while (!keepsDistance(point, label, means, margin));
  }
  return values;
}

function keepsDistance(
  point: Float64Array,
  label: number,
  means: readonly Float64Array<ArrayBuffer>[],
  margin: number,
): boolean {
  const own = means[label]!;
  return means.every((other, k) => {
    if (k === label) return true;
    let projection = 0;
    let gap = 0;
    for (let j = 0; j < point.length; j++) {
      const difference = own[j]! - other[j]!;
      projection += difference * point[j]!;
      gap += difference * difference;
    }
    // Strict, so that margin 0 still separates.
    return projection > margin * Math.sqrt(gap) || (margin > 0 && projection === margin * Math.sqrt(gap));
  });
}

/** min over examples and other classes of (w_y − w_k)·x with W the means scaled to Frobenius norm 1. */
function knownMargin(
  values: Float64Array,
  means: readonly Float64Array<ArrayBuffer>[],
  features: number,
  divisor: number,
): number {
  const frobenius = Math.hypot(...means.map((mean) => norm(mean)));
  let margin = Infinity;
  for (let i = 0; i * features < values.length; i++) {
    const own = means[i % means.length]!;
    for (const other of means) {
      if (other === own) continue;
      let projection = 0;
      for (let j = 0; j < features; j++) projection += (own[j]! - other[j]!) * values[i * features + j]!;
      margin = Math.min(margin, projection / frobenius / divisor);
    }
  }
  return margin;
}
