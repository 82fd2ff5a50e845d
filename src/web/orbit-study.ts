// What the orbits page shows of a landscape: its shape, gradient descent on it, its period-two orbits and their branches.
import { InputError, type Vector } from "../math/index.ts";
import {
  builtinLandscape,
  continueOrbit,
  findOrbits,
  type OrbitBranch,
  type OrbitStability,
} from "../theory/index.ts";

export interface OrbitRequest {
  /** One of `ORBIT_LANDSCAPES` of one or two variables. */
  readonly landscape: string;
  readonly lr: number;
  /** Where gradient descent starts, relative to the minimum. */
  readonly offset: readonly number[];
  readonly iterations: number;
  /** Learning rate to which each orbit is followed. */
  readonly towards: number;
}

export interface StudiedOrbit {
  readonly points: readonly [readonly number[], readonly number[]];
  readonly amplitude: number;
  readonly losses: readonly [number, number];
  readonly verdict: OrbitStability["verdict"];
  /** Multiplier of two steps along the orbit. */
  readonly along: number;
  readonly branch: {
    readonly lr: readonly number[];
    readonly amplitude: readonly number[];
    readonly along: readonly number[];
    readonly stable: readonly boolean[];
    readonly end: OrbitBranch["end"];
    readonly endLr: number;
  };
}

export interface OrbitResult {
  readonly about: string;
  readonly minimum: readonly number[];
  readonly threshold: number;
  /** Losses on a grid: one row of one variable, or rows of the second variable from below. */
  readonly grid: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly size: readonly number[];
    readonly losses: Float64Array<ArrayBuffer>;
  };
  /** Iterates one after another, `dimension` numbers each, the start first; they end where they left the drawn region. */
  readonly iterates: readonly (readonly number[])[];
  readonly losses: readonly number[];
  /** Whether gradient descent left the drawn region. */
  readonly escaped: boolean;
  /** One sentence a direction searched. */
  readonly verdicts: readonly string[];
  readonly orbits: readonly StudiedOrbit[];
}

const GRID = { 1: [241], 2: [61, 61] } as const;
/** Region drawn about the minimum, at least; it grows with the orbits and the start. */
const LEAST_REACH = 0.6;
const ROOM = 1.35;

/** Studies a landscape. @throws InputError for an unknown landscape, another dimension, or no learning rate */
export async function studyOrbits(request: OrbitRequest): Promise<OrbitResult> {
  const { objective, minimum, about } = builtinLandscape(request.landscape);
  const { size } = objective;
  if (size > 2) {
    throw new InputError("a landscape of more than two variables cannot be drawn", {
      field: "landscape",
      received: request.landscape,
    });
  }
  const { lr, offset, towards } = request;
  const found = await findOrbits(objective, minimum, lr);
  const orbits: StudiedOrbit[] = [];
  for (const { solve, stability } of found.orbits) {
    const { center, half, amplitude, losses } = solve;
    const branch = await continueOrbit(objective, lr, solve, { towards });
    const end = (side: 1 | -1): number[] => Array.from(center, (value, i) => value + side * half[i]!);
    orbits.push({
      points: [end(1), end(-1)],
      amplitude,
      losses,
      verdict: stability.verdict,
      along: stability.along,
      branch: {
        lr: branch.points.map((point) => point.lr),
        amplitude: branch.points.map((point) => point.amplitude),
        along: branch.points.map((point) => point.stability?.along ?? Number.NaN),
        stable: branch.points.map((point) => point.stability?.verdict !== "unstable"),
        end: branch.end,
        endLr: branch.lr,
      },
    });
  }
  const start = Float64Array.from(minimum, (value, i) => value + (offset[i] ?? 0));
  const reach = reachOf(minimum, [start, ...orbits.flatMap(({ points }) => points)]);
  const low = Array.from(minimum, (value) => value - reach);
  const high = Array.from(minimum, (value) => value + reach);
  const losses = async (at: Vector): Promise<number> => objective.lossAndGradient(at, new Float64Array(size));
  const descent = await descend(request, start, objective.lossAndGradient, (at) =>
    at.every((value, i) => value >= low[i]! && value <= high[i]!),
  );
  return {
    about,
    minimum: [...minimum],
    threshold: found.threshold,
    grid: {
      low,
      high,
      size: GRID[size as 1 | 2],
      losses: await gridLosses(low, high, GRID[size as 1 | 2], losses),
    },
    ...descent,
    verdicts: found.directions.map(({ verdict }) => verdict),
    orbits,
  };
}

function reachOf(minimum: ArrayLike<number>, points: readonly ArrayLike<number>[]): number {
  const distances = points.flatMap((point) => Array.from(point, (value, i) => Math.abs(value - minimum[i]!)));
  return ROOM * Math.max(LEAST_REACH, ...distances);
}

async function descend(
  { lr, iterations }: OrbitRequest,
  start: Float64Array<ArrayBuffer>,
  lossAndGradient: (theta: Vector, gradient: Vector) => Promise<number>,
  inside: (theta: Float64Array) => boolean,
): Promise<Pick<OrbitResult, "iterates" | "losses" | "escaped">> {
  const theta = start.slice();
  const gradient = new Float64Array(theta.length);
  const iterates: number[][] = [];
  const losses: number[] = [];
  for (let step = 0; step <= iterations; step++) {
    losses.push(await lossAndGradient(theta, gradient));
    iterates.push([...theta]);
    if (!inside(theta)) return { iterates, losses, escaped: true };
    for (let i = 0; i < theta.length; i++) theta[i]! -= lr * gradient[i]!;
  }
  return { iterates, losses, escaped: false };
}

async function gridLosses(
  low: readonly number[],
  high: readonly number[],
  size: readonly number[],
  loss: (at: Vector) => Promise<number>,
): Promise<Float64Array<ArrayBuffer>> {
  const [columns = 1, rows = 1] = size;
  const values = new Float64Array(columns * rows);
  const place = (axis: number, i: number, count: number): number =>
    low[axis]! + ((high[axis]! - low[axis]!) * i) / Math.max(1, count - 1);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const at = rows === 1 ? [place(0, i, columns)] : [place(0, i, columns), place(1, j, rows)];
      values[j * columns + i] = await loss(Float64Array.from(at));
    }
  }
  return values;
}
