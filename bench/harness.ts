// Timing under noise: medians and quartiles, alternating rounds of several sides, ratios paired round by round.
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** Middle and spread of repeated measurements, in the unit they came in. */
export interface Summary {
  readonly median: number;
  /** First and third quartile. */
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
}

/** One thing being timed. `sample` performs it and returns one or more times in ms. */
export interface Side {
  readonly name: string;
  readonly sample: () => Promise<readonly number[]>;
}

export interface RoundOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them that do not: caches, pools and clocks settle. */
  readonly warmup: number;
  /** Pause in ms between sides, so that one side's spinning worker threads have gone to sleep before the next. */
  readonly pause: number;
}

/** Per side, one number a round: the median of that visit's times in ms. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** Quantile `p` in [0, 1] of ascending values, linear between neighbours; NaN when there are none. */
export function quantile(ascending: readonly number[], p: number): number {
  if (ascending.length === 0) return Number.NaN;
  const position = p * (ascending.length - 1);
  const below = Math.floor(position);
  const left = ascending[below]!;
  const right = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return left + (position - below) * (right - left);
}

/** Median and quartiles of any non-empty list. */
export function summarise(values: readonly number[]): Summary {
  const ascending = [...values].sort((a, b) => a - b);
  return {
    median: quantile(ascending, 0.5),
    lower: quantile(ascending, 0.25),
    upper: quantile(ascending, 0.75),
    samples: values.length,
  };
}

/** Time of one execution in ms. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** A side that runs `action` once untimed (to wake its threads and caches after the pause), then `repeats` times. */
export function side(name: string, repeats: number, action: () => Promise<unknown>): Side {
  return {
    name,
    sample: async () => {
      await action();
      const times: number[] = [];
      for (let k = 0; k < repeats; k++) times.push(await timed(action));
      return times;
    },
  };
}

/**
 * Visits every side once a round, forwards and backwards in turn, so that a drift of the machine (frequency,
 * neighbours) falls on all sides alike. `onRound` is told after each counted round.
 */
export async function interleave(
  sides: readonly Side[],
  options: RoundOptions,
  onRound: (done: number, total: number) => void = () => {},
): Promise<Rounds> {
  const collected = new Map<string, number[]>(sides.map((one) => [one.name, []]));
  for (let round = -options.warmup; round < options.rounds; round++) {
    const order = round % 2 === 0 ? sides : sides.toReversed();
    for (const one of order) {
      const times = await one.sample();
      if (round >= 0) collected.get(one.name)!.push(summarise(times).median);
      await sleep(options.pause);
    }
    if (round >= 0) onRound(round + 1, options.rounds);
  }
  return collected;
}

/** Element by element through two or more equally long lists of round results: one derived number a round. */
export function paired(
  rounds: Rounds,
  names: readonly string[],
  combine: (...values: number[]) => number,
): Summary | undefined {
  const lists = names.map((name) => rounds.get(name));
  const first = lists[0];
  if (first === undefined || first.length === 0 || lists.includes(undefined)) return undefined;
  return summarise(first.map((_, k) => combine(...lists.map((list) => list![k]!))));
}

/** Summary of one side over its rounds, or undefined when it was not measured. */
export function over(rounds: Rounds, name: string): Summary | undefined {
  return paired(rounds, [name], (value) => value);
}

/** Ratio of two sides, taken within each round and then summarised: slow moments cancel. */
export function ratio(rounds: Rounds, numerator: string, denominator: string): Summary | undefined {
  return paired(rounds, [numerator, denominator], (a, b) => a / b);
}
