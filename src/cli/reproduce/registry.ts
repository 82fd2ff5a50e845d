// The figures `brink reproduce` knows, by name.
import { didYouMean, InputError } from "../../math/index.ts";
import { LARGE_STEPS } from "../stability/reproduce.ts";
import type { PaperFigure } from "./figure-spec.ts";
import { runFigures } from "./run-figures.ts";
import { scalingFigures } from "./scaling-figures.ts";
import { summaryFigures } from "./summary-figures.ts";
import { trajectoryFigures } from "./trajectory-figures.ts";

const figures: ReadonlyMap<string, PaperFigure> = new Map(
  [...trajectoryFigures, ...scalingFigures, ...summaryFigures, ...runFigures]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((figure) => [figure.name, figure]),
);

/** The paper's numbering jumps from 7 to 9; its text gives an exponent in η that the missing figure must have shown. */
const ALIASES: Readonly<Record<string, string>> = { fig8: "eta-scaling" };

/** Figures of the paper that need no campaign of runs, and the commands that draw them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  xy_dynamic: "brink simulate --out xy",
  meanfield:
    "brink trajectory experiments/trajectory/meanfield.yaml --repeats 10 --kick 0.8 --steps 1000 --out meanfield",
};

/** Stands for every figure. */
export const ALL = "all";

/** Names a user can give, in order. */
export const FIGURE_NAMES: readonly string[] = [...figures.keys(), ALL];

/** The figures a name stands for. Throws InputError with the nearest name when there is none. */
export function figuresNamed(name: string): PaperFigure[] {
  if (name === ALL) return [...figures.values()];
  const figure = figures.get(ALIASES[name] ?? name);
  if (figure !== undefined) return [figure];
  const command = ELSEWHERE[name];
  if (command !== undefined) {
    throw new InputError(`${name} has a command of its own`, { hint: `Run: ${command}` });
  }
  const known = [...FIGURE_NAMES, ...Object.keys(ALIASES), ...LARGE_STEPS];
  const hint = didYouMean(name, known);
  throw new InputError("no such figure", {
    received: name,
    allowed: known,
    ...(hint === undefined ? {} : { hint }),
  });
}
