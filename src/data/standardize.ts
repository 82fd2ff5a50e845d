// Mean and population deviation of every input or channel, and where they came from.
import { type ExampleSource, grouped } from "./source.ts";

/** Statistics of the values meant (bytes already divided by 255); both arrays have Π(inputShape) entries. */
export interface InputStatistics {
  readonly mean: Float64Array;
  /** Population standard deviation (divides by the count). */
  readonly std: Float64Array;
  /** Examples they were computed over. */
  readonly count: number;
}

/**
 * Per-input statistics of all examples: two passes, so that large means cost no digits. O(count·inputs).
 */
export function inputStatistics(source: ExampleSource, inputs: number): InputStatistics {
  const { count, divisor } = source;
  const mean = new Float64Array(inputs);
  const std = new Float64Array(inputs);
  for (let i = 0; i < count; i++) {
    const row = source.row(i);
    for (let j = 0; j < inputs; j++) mean[j]! += row[j]!;
  }
  for (let j = 0; j < inputs; j++) mean[j]! /= count;
  for (let i = 0; i < count; i++) {
    const row = source.row(i);
    for (let j = 0; j < inputs; j++) {
      const deviation = row[j]! - mean[j]!;
      std[j]! += deviation * deviation;
    }
  }
  for (let j = 0; j < inputs; j++) {
    std[j] = Math.sqrt(std[j]! / count) / divisor;
    mean[j]! /= divisor;
  }
  return { mean, std, count };
}

/**
 * Statistics of each channel, repeated for all its inputs: what pooling the channel's values would give. Inputs
 * without a channel axis (rank 1) count as one channel.
 */
export function channelStatistics(pixel: InputStatistics, inputShape: readonly number[]): InputStatistics {
  const inputs = pixel.mean.length;
  const channels = inputShape.length > 1 ? inputShape[0]! : 1;
  const area = inputs / channels;
  const mean = new Float64Array(inputs);
  const std = new Float64Array(inputs);
  for (let from = 0; from < inputs; from += area) {
    let center = 0;
    for (let j = from; j < from + area; j++) center += pixel.mean[j]! / area;
    let variance = 0;
    for (let j = from; j < from + area; j++) {
      variance += (pixel.std[j]! ** 2 + (pixel.mean[j]! - center) ** 2) / area;
    }
    mean.fill(center, from, from + area);
    std.fill(Math.sqrt(variance), from, from + area);
  }
  return { mean, std, count: pixel.count };
}

/**
 * Divisors from deviations: an input that never varies has none, so it is only centred.
 *
 * A deviation at rounding level relative to the mean counts as none.
 */
export function usableDeviations(statistics: InputStatistics): {
  readonly std: Float64Array;
  readonly constant: number;
} {
  let constant = 0;
  const std = statistics.std.map((value, j) => {
    if (value > 1e-12 * Math.abs(statistics.mean[j]!)) return value;
    constant++;
    return 1;
  });
  return { std, constant };
}

/** The note that says how inputs were scaled. */
export function standardizationNote(mode: "pixel" | "channel", from: string, constant: number): string {
  const unit = mode === "pixel" ? "every input" : "every channel";
  const still =
    constant === 0
      ? ""
      : `; ${grouped(constant)} inputs never vary and are only centred (deviation taken as 1)`;
  return `inputs standardized: mean and population deviation of ${unit} over ${from}${still}`;
}
