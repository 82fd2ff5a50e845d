// What `measure.coupling` adds to a run: gradient descent and SGD on FC-Tanh with and without it, step by step in turn.
import { lanczosSharpness, parseExperiment, runExperiment, type RunItem } from "brink/lab";
import { interleave, over, ratio, type Rounds, type Side } from "./harness.ts";
import { benchmarkImages } from "./parts/inputs.ts";
import { benchmark, say, THREADS } from "./parts/benchmark.ts";
import { renderTable, type Row } from "./parts/report.ts";
import { createSubject, type Subject } from "./parts/subject.ts";

/** Steps between two measurements, which carry the coupling record; a visit takes as many. */
const EVERY = 50;
/** Longer than the worker pool spins after its last job. */
const PAUSE = 60;
/** The wish: time with coupling over time without. */
const GOAL = { relation: "≤", value: 1.05 } as const;

interface Case {
  readonly name: string;
  readonly title: string;
  readonly subject: Subject;
  readonly optimizer: string;
  /** Steps a visit: a multiple of `EVERY`, seconds long where steps are short. */
  readonly visit: number;
}

await benchmark(
  {
    name: "coupling",
    json: "one JSON line: milliseconds a step",
    options: {
      threads: THREADS,
      n: { value: "N", about: "examples, of which gradient descent also takes 1,000", otherwise: 5000 },
      rounds: { value: "N", about: "counted rounds", otherwise: 9 },
    },
  },
  async (call) => {
    const n = call.positive("n");
    const count = call.positive("rounds");
    const threads = call.threads();
    const machine = call.machine();
    const images = await benchmarkImages(n);
    const whole = createSubject("fc-tanh", images, threads);
    const few = createSubject("fc-tanh", await benchmarkImages(Math.min(n, 1000)), threads);
    const descent = "{ name: gd, lr: 0.03 }";
    const cases: readonly Case[] = [
      { name: "gd", title: `GD, n = ${n}`, subject: whole, optimizer: descent, visit: EVERY },
      {
        name: "gd1000",
        title: `GD, n = ${few.objective.n}`,
        subject: few,
        optimizer: descent,
        visit: 3 * EVERY,
      },
      {
        name: "sgd50",
        title: "SGD, b = 50",
        subject: whole,
        optimizer: "{ name: sgd, lr: 0.01, batch: 50 }",
        visit: 6 * EVERY,
      },
    ];
    const rounds = await interleave(
      cases.flatMap((each) => [visits(each, false), visits(each, true)]),
      { rounds: count, warmup: 1, pause: PAUSE },
      (done, total) => say(`round ${done} of ${total}`),
    );
    await Promise.all([whole.objective.dispose(), few.objective.dispose()]);
    const table = cases.map((each) => row(each, rounds));
    const medians = Object.fromEntries([...rounds.keys()].map((name) => [name, over(rounds, name)!.median]));
    call.deliver({
      record: {
        settings: { data: images.name, n, rounds: count, threads, every: EVERY },
        rows: table,
      },
      json: medians,
      text: `${machine.cpu}, ${threads} threads; ${images.name}, float32; ms a step, median (quartiles), recorded every ${EVERY} steps\n\n${renderTable(table, "without")}\n`,
    });
  },
);

/** A run that goes on by some steps at each visit. It measures as by default, less the sharpness, beside which coupling is nothing. */
function visits({ name, subject, optimizer, visit }: Case, coupling: boolean): Side {
  const { config } = parseExperiment(`
net: { name: fc-tanh }
data: { name: synthetic-images }
optimizer: ${optimizer}
steps: 10000000
measure: { every: ${EVERY}, sharpness: false, coupling: ${coupling} }
checkpoint: { every: 10000000 }
`);
  const items = runExperiment({
    config,
    objective: subject.objective,
    solveSharpness: lanczosSharpness,
    theta0: subject.theta,
    hasTest: false,
    clock: () => 0,
  });
  let done = 0;
  return {
    name: coupling ? `${name}Coupling` : name,
    sample: async () => {
      const begin = performance.now();
      done += visit;
      await advance(items, done);
      return [(performance.now() - begin) / visit];
    },
  };
}

async function advance(items: AsyncGenerator<RunItem, unknown>, until: number): Promise<void> {
  for (;;) {
    const next = await items.next();
    if (next.done === true) throw new Error("the run ended during the benchmark");
    if (next.value.type === "step" && next.value.step >= until) return;
  }
}

function row({ name, title }: Case, rounds: Rounds): Row {
  return {
    name: title,
    brink: over(rounds, `${name}Coupling`),
    peer: over(rounds, name),
    ratio: ratio(rounds, `${name}Coupling`, name),
    of: "with ÷ without",
    goal: GOAL,
  };
}
