// `brink orbits`: period-two orbits of gradient descent near a point, classified, and followed in the learning rate.
import { type Command, InvalidArgumentError } from "commander";
import type { BranchPoint, FoundOrbit, OrbitBranch } from "../../theory/index.ts";
import { type Vector, zeros } from "../../math/index.ts";
import {
  type CommonOptions,
  examplesFirst,
  type Host,
  integerFrom,
  positiveNumber,
  resolvePath,
  withConfigOptions,
  withRunsDir,
} from "../host.ts";
import type { OrbitRecord, OrbitsRecord } from "../orbits/record.ts";
import { openSource, type OrbitSource, type SourceOptions } from "../orbits/source.ts";
import { orbitsText } from "../orbits/text.ts";
import type { Output } from "../output.ts";

interface Options extends CommonOptions, SourceOptions {
  readonly k: number;
  readonly tol?: number;
  readonly maxProducts: number;
  readonly maxIterations: number;
  readonly iterates: boolean;
  readonly follow?: number;
  readonly points: number;
  readonly out?: string;
}

/** Registers the command. */
export function addOrbitsCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    withConfigOptions(
      program
        .command("orbits [run]")
        .description(
          "find and classify period-two orbits of gradient descent near a checkpoint or a landscape",
        )
        .option("--step <n>", "checkpoint of the run: the latest at or before this step", integerFrom(0))
        .option("--config <file>", "instead of a run: an experiment file")
        .option("--params <file>", "its parameters (default: the initial ones)")
        .option("--landscape <name>", "instead of a run: a built-in landscape with known orbits")
        .option("--start <w,…>", "point of the landscape to start from (default: its minimum)", numbers)
        .option("--lr <x>", "learning rate η (default: that of the run or landscape)", positiveNumber)
        .option("-k, --k <n>", "eigendirections to search", integerFrom(1), 2)
        .option("--tol <x>", "relative residual of an orbit", positiveNumber)
        .option("--max-products <n>", "products of one linear solve", integerFrom(1), 300)
        .option("--max-iterations <n>", "Newton iterations of one search for an orbit", integerFrom(1), 40)
        .option("--no-iterates", "do not try two consecutive iterates as a guess")
        .option(
          "--follow <lr>",
          "follow every orbit to this learning rate, or to where it ends",
          positiveNumber,
        )
        .option("--points <n>", "points of a branch at most", integerFrom(2), 60)
        .option("--out <dir>", "write branch diagrams (SVG, PNG, CSV) and all numbers (JSON) there"),
    ),
  ).action(async (run: string | undefined, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      const source = await openSource(output, run, options);
      try {
        output.note(source.name);
        return await search(output, source, options);
      } finally {
        await source.dispose();
      }
    });
  });
  examplesFirst(command, [
    [
      "brink orbits --landscape product --follow 1.5",
      "½(w₁w₂ − 1)²: born at η = 1, period doubles at √5 − 1",
    ],
    ["brink orbits --landscape cosine --lr 2.3 --json", "another learning rate, one object on stdout"],
    ["brink orbits RUN --step 4000 --set precision=float64", "near a checkpoint of a run at the edge"],
    ["brink orbits --config E.yaml --params P.safetensors --lr 0.05 -k 4", "near any parameters"],
  ]);
}

async function search(output: Output, source: OrbitSource, options: Options): Promise<number> {
  const { continueOrbit, findOrbits } = await import("../../theory/index.ts");
  const { objective, start, lr } = source;
  if (objective.dtype === "float32") {
    output.warn("in float32 orbits are found to about three digits; --set precision=float64 gives more");
  }
  const guesses = source.trained && options.iterates ? [await consecutive(source)] : [];
  const found = await findOrbits(objective, start, lr, {
    k: options.k,
    maxProducts: options.maxProducts,
    maxIterations: options.maxIterations,
    ...(options.tol === undefined ? {} : { tol: options.tol }),
    guesses,
    onStage: (stage) => output.note(stage),
  });
  if (!found.fixedPoint.converged) {
    output.warn(
      "no fixed point was reached from here: directions and predictions are those of the start itself",
    );
  }
  const records: OrbitRecord[] = [];
  for (const orbit of found.orbits) {
    let branch: OrbitBranch | null = null;
    if (options.follow !== undefined) {
      output.note(`following the orbit of half-amplitude ${orbit.solve.amplitude.toPrecision(4)}`);
      branch = await continueOrbit(objective, lr, orbit.solve, {
        towards: options.follow,
        maxPoints: options.points,
        maxProducts: options.maxProducts,
        onPoint: (point) => output.note(pointNote(point)),
      });
    }
    records.push(recordOf(orbit, lr, branch));
  }
  const record: OrbitsRecord = {
    source: source.name,
    outcome: records.length > 0 ? "found" : "none",
    parameters: objective.size,
    lr,
    threshold: found.threshold,
    fixedPoint: without(found.fixedPoint, ["theta"]),
    directions: found.directions.map((direction) => without(direction, ["u", "shift"])),
    orbits: records,
    ...(found.given[0] === undefined ? {} : { fromIterates: found.given[0] }),
  };
  output.json(record);
  output.text(orbitsText(record));
  if (options.out !== undefined) {
    const { writeOrbits } = await import("../orbits/write.ts");
    const { files, undrawn } = writeOrbits(resolvePath(output.io, options.out), record);
    for (const file of files) output.note(file);
    for (const file of undrawn) output.warn(`could not be drawn: ${file}`);
  }
  return records.length > 0 ? 0 : 1;
}

/** The start and the step of gradient descent from it, as centre and half-difference. */
async function consecutive({ objective, start, lr }: OrbitSource): Promise<{ center: Vector; half: Vector }> {
  const { size, dtype } = objective;
  const gradient = zeros(dtype, size);
  await objective.lossAndGradient(start, gradient);
  const [center, half] = [zeros(dtype, size), zeros(dtype, size)];
  for (let i = 0; i < size; i++) {
    half[i] = (lr * gradient[i]!) / 2;
    center[i] = start[i]! - half[i]!;
  }
  return { center, half };
}

function recordOf(
  { source, direction, solve, stability }: FoundOrbit,
  lr: number,
  branch: OrbitBranch | null,
): OrbitRecord {
  const { amplitude, losses, residual, iterations, products, collapsed } = solve;
  return {
    source,
    direction,
    amplitude,
    losses,
    coupling: losses[0] + losses[1] - (2 * amplitude ** 2) / lr,
    residual,
    iterations,
    products,
    collapsed,
    stability,
    ...(branch === null ? {} : { branch: without(branch, ["center", "half"]) }),
  };
}

function pointNote({ lr, amplitude, stability }: BranchPoint): string {
  const multiplier = stability === null ? "" : `, multiplier ${stability.along.toFixed(4)}`;
  return `η = ${lr.toPrecision(6)}: half-amplitude ${amplitude.toPrecision(4)}${multiplier}`;
}

/** A shallow copy without some keys. */
function without<T extends object, K extends keyof T>(value: T, keys: readonly K[]): Omit<T, K> {
  const copy = { ...value };
  for (const key of keys) delete copy[key];
  return copy;
}

function numbers(text: string): readonly number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (part.trim() === "" || !Number.isFinite(value)) {
      throw new InvalidArgumentError("Expected numbers such as 1.2,0.8.");
    }
    return value;
  });
}
