// The simulator: the scalar system of the edge of stability under sliders.
import { type JSX, render } from "preact";
import { useMemo } from "preact/hooks";
import { COLOURS } from "../../figures/palette.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { GapLevel, SimulationResult } from "../../web/simulation.ts";
import { TheoryClient } from "../../web/theory-client.ts";
import { Chart } from "../kit/chart.tsx";
import type { ChartSeries } from "../kit/chart/types.ts";
import { Status } from "../kit/status.tsx";
import { urlState } from "../kit/url-state.ts";
import { Frame, useAnswer } from "../theory/frame.tsx";
import { SIMULATOR } from "./properties.ts";
import { commandOf, questionOf } from "./question.ts";

const state = urlState(SIMULATOR);
const client = new TheoryClient();

function Page(): JSX.Element {
  const values = state.values();
  const { result, error, busy } = useAnswer(
    questionOf(values),
    (question, onReply: (result: SimulationResult | null, error: string | null) => void) =>
      client.ask("simulation", question, onReply),
  );
  return (
    <Frame
      page="simulator"
      title="Predicted dynamics"
      about={
        <>
          <p>
            Near the edge of stability two numbers tell the story: the oscillation x along the top eigenvector
            u, and y, the sharpness above 2/η. Each step x ← −(1 + ηy)x − (η/2)κx² − ηζ and y ← y + (ηβ/2)(δ²
            − x²) − ην, with gradient noise ζ and ν.
          </p>
          <p>
            Without noise the pair cycles for ever. Noise along u damps the cycle and pushes the mean of y
            below zero: the stochastic sharpness gap.
          </p>
        </>
      }
      state={state}
      names={["eta", "beta", "delta2", "kappa", "noise", "noiseY", "x0", "y0", "steps", "seed"]}
      command={() => commandOf(state.values())}
    >
      {error === null ? null : <Status kind="error">{error}</Status>}
      {result === null ? (
        error === null ? (
          <Status kind="loading">Simulating.</Status>
        ) : null
      ) : (
        <Result result={result} noise={values.noise} busy={busy} />
      )}
    </Frame>
  );
}

function Result({
  result,
  noise,
  busy,
}: {
  readonly result: SimulationResult;
  readonly noise: number;
  readonly busy: boolean;
}): JSX.Element {
  const { x, y, blownUpAt, predictions, levels, doubts } = result;
  const steps = useMemo(() => Float64Array.from(x, (_, i) => i), [x]);
  const level = levels.find(({ noiseU }) => noiseU === noise);
  const path: ChartSeries = {
    owner: "run",
    label: "",
    colour: COLOURS[0]!,
    xs: x.map(Math.abs),
    ys: y,
    steps,
    kind: "path",
  };
  const line = (ys: Float64Array, label: string): ChartSeries => ({
    owner: label,
    label,
    colour: COLOURS[0]!,
    xs: steps,
    ys,
    steps,
    kind: "dense",
  });
  const meanY = predictions.y.refined.value ?? predictions.y.meanField.value;
  const squares = useMemo(() => x.map((value) => value * value), [x]);
  return (
    <>
      <Verdict result={result} level={level} busy={busy} />
      {doubts.map((doubt) => (
        <Status key={doubt} kind="warning">
          {doubt}.
        </Status>
      ))}
      <div class="charts">
        <Chart
          name="phase"
          title="Oscillation and sharpness"
          xLabel="|x|"
          yLabel="y"
          series={[path]}
          references={[{ label: "2/η", value: 0 }]}
          empty="Blown up at once."
        />
        <Chart
          name="gap"
          title="Sharpness gap against noise"
          xLabel="σ_u²"
          yLabel="−E[y]"
          series={gapSeries(levels)}
          include={[0]}
          empty="Every run blew up at every noise level."
        />
        <Chart
          name="y"
          group="time"
          title="Sharpness above 2/η"
          xLabel="step"
          yLabel="y"
          series={[line(y, "y")]}
          references={[
            { label: "2/η", value: 0 },
            ...(meanY === null || meanY === 0 ? [] : [{ label: "predicted mean", value: meanY }]),
          ]}
        />
        <Chart
          name="x2"
          group="time"
          title="Oscillation squared"
          xLabel="step"
          yLabel="x²"
          series={[line(squares, "x²")]}
          references={[{ label: "δ²", value: predictions.x2 }]}
        />
      </div>
      {blownUpAt === null ? null : (
        <p class="muted">The curves end where the run blew up, at step {blownUpAt}.</p>
      )}
    </>
  );
}

function Verdict({
  result,
  level,
  busy,
}: {
  readonly result: SimulationResult;
  readonly level: GapLevel | undefined;
  readonly busy: boolean;
}): JSX.Element {
  const { blownUpAt, alpha, epsilon } = result;
  const scales = `α = ${formatNumber(alpha)}, ε = η√α = ${formatNumber(epsilon)}`;
  if (busy)
    return <Status kind="loading">Simulating again; what is shown belongs to the settings before.</Status>;
  if (blownUpAt !== null) {
    return (
      <Status kind="diverged">
        Blown up at step {blownUpAt} ({scales}). Make η, or the noise, smaller.
      </Status>
    );
  }
  if (level?.gap == null) {
    return (
      <Status kind="done">
        {scales}.{" "}
        {level === undefined || level.lost > 0
          ? `${level?.lost ?? 0} of the runs blew up, and nothing is left to average.`
          : "Without noise along u the pair cycles and has no stationary mean."}
      </Status>
    );
  }
  const error = level.stderr === null ? "" : ` ± ${formatNumber(level.stderr)}`;
  const formula = level.refined ?? level.meanField;
  return (
    <Status kind="done">
      {scales}. Simulated gap −E[y] = {formatNumber(level.gap)}
      {error}
      {formula === null
        ? ""
        : `; the formula${level.refined === null ? " (mean field)" : ""} says ${formatNumber(formula)}`}
      .{level.lost > 0 ? ` ${level.lost} runs blew up and are left out.` : ""}
    </Status>
  );
}

function gapSeries(levels: readonly GapLevel[]): readonly ChartSeries[] {
  const xs = Float64Array.from(levels, ({ noiseU }) => noiseU);
  const column = (value: (level: GapLevel) => number | null): Float64Array =>
    Float64Array.from(levels, (level) => value(level) ?? Number.NaN);
  const gap = column((level) => level.gap);
  const stderr = column((level) => level.stderr ?? 0);
  const theory = (
    label: string,
    colour: string,
    dash: string,
    value: (level: GapLevel) => number | null,
  ): ChartSeries => ({
    owner: label,
    label,
    colour,
    dash,
    xs,
    ys: column(value),
  });
  return [
    theory("ηβσ_u²/(4α)", COLOURS[1]!, "5 2.5", (level) => level.meanField),
    theory("refined: both noises, finite step", COLOURS[2]!, "9 3", (level) => level.refined),
    theory("AR(1) at fixed S", COLOURS[4]!, "1.5 3", (level) => level.ar1),
    {
      owner: "simulated",
      label: "simulated ± standard error",
      colour: COLOURS[0]!,
      xs,
      ys: gap,
      band: {
        low: gap.map((value, i) => value - stderr[i]!),
        high: gap.map((value, i) => value + stderr[i]!),
      },
    },
  ];
}

render(<Page />, document.querySelector("#app")!);
