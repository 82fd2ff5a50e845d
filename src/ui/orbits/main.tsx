// The orbits page: landscapes small enough to see, gradient descent on them, and its orbits of period two.
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { COLOURS } from "../../figures/palette.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { OrbitResult, StudiedOrbit } from "../../web/orbit-study.ts";
import { TheoryClient } from "../../web/theory-client.ts";
import { Chart } from "../kit/chart.tsx";
import type { ChartSeries } from "../kit/chart/types.ts";
import { shellCommand } from "../kit/shell.ts";
import { Status } from "../kit/status.tsx";
import { urlState } from "../kit/url-state.ts";
import { Frame, useAnswer } from "../theory/frame.tsx";
import { LandscapeMap } from "./landscape-map.tsx";
import { ORBITS, RATES } from "./properties.ts";

const state = urlState(ORBITS);
const client = new TheoryClient();

function Page(): JSX.Element {
  const values = state.values();
  const { landscape, lr, offset, iterations, towards } = values;
  useRates();
  const { result, error, busy } = useAnswer(
    { landscape, lr, offset, iterations, towards },
    (question, onReply: (result: OrbitResult | null, error: string | null) => void) =>
      client.ask("orbits", question, onReply),
  );
  const follow = (): string =>
    shellCommand(
      "brink",
      "orbits",
      "--landscape",
      landscape,
      "--lr",
      String(lr),
      "--follow",
      String(towards),
    );
  return (
    <Frame
      page="orbits"
      title="Period-two orbits"
      about={
        <>
          <p>
            With η above 2/λ a minimum of curvature λ repels gradient descent. Where the iterates go instead
            can be a pair of points x ⇄ y, each mapped to the other: a critical point of A(x, y) = L(x) + L(y)
            − ‖x − y‖²/(2η).
          </p>
          <p>
            Orbits are born at η = 2/λ: beyond it and stable (supercritical), or before it and unstable
            (subcritical). Follow them in η until they double their period, fold, or shrink away.
          </p>
        </>
      }
      state={state}
      names={["landscape", "lr", "offset", "iterations", "towards"]}
      command={follow}
    >
      {error === null ? null : <Status kind="error">{error}</Status>}
      {result === null ? (
        error === null ? (
          <Status kind="loading">Searching for orbits.</Status>
        ) : null
      ) : (
        <Result result={result} busy={busy} lr={lr} />
      )}
    </Frame>
  );
}

/** Another landscape comes with learning rates and a start at which it has something to show. */
function useRates(): void {
  useEffect(() => {
    let first = true;
    return state.signals.landscape.subscribe((name) => {
      // Subscribing reports the present value; an address keeps its own rates.
      if (!first)
        state.assign({
          lr: RATES[name],
          ...EXAMPLES[name === "subcritical" ? "before" : "beyond"](RATES[name]),
        });
      first = false;
    });
  }, []);
}

/** Subcritical orbits lie before the birth and part the starts that come home from those that do not. */
const EXAMPLES = {
  before: (lr: number) => ({ offset: [0.1], towards: Number((0.8 * lr).toFixed(3)) }),
  beyond: (lr: number) => ({ offset: [0.3, -0.1], towards: Number((1.3 * lr).toFixed(3)) }),
};

function Result({
  result,
  busy,
  lr,
}: {
  readonly result: OrbitResult;
  readonly busy: boolean;
  readonly lr: number;
}): JSX.Element {
  const { orbits, losses, escaped, verdicts, threshold, about, grid } = result;
  const steps = Float64Array.from(losses, (_, i) => i);
  const loss: ChartSeries = {
    owner: "descent",
    label: "gradient descent",
    colour: COLOURS[1]!,
    xs: steps,
    ys: Float64Array.from(losses),
    steps,
  };
  const flat = grid.size.length === 1;
  return (
    <>
      {busy ? (
        <Status kind="loading">Searching again; what is shown belongs to the settings before.</Status>
      ) : null}
      <Status kind={orbits.length > 0 ? "done" : "empty"}>
        {about}.{" "}
        {orbits.length === 0
          ? `No orbit of period two was found at η = ${lr}: ${verdicts.join("; ")}.`
          : orbits.map(orbitText).join(" ")}
      </Status>
      {escaped ? (
        <Status kind="diverged">
          Gradient descent left the region drawn after {losses.length - 1} steps. Start nearer to the minimum,
          or make η smaller.
        </Status>
      ) : null}
      <div class="charts">
        {flat ? <LineLandscape result={result} /> : <LandscapeMap result={result} />}
        <Chart
          name="loss"
          title="Loss of gradient descent"
          xLabel="step"
          yLabel="loss"
          series={[loss]}
          references={orbits.flatMap((orbit) =>
            orbit.losses.map((value, i) => ({ label: i === 0 ? "orbit" : "", value, colour: COLOURS[0]! })),
          )}
          view={{ evenOdd: true }}
        />
        <Chart
          name="branch"
          title="Branch of the orbit"
          xLabel="η"
          yLabel="half-amplitude"
          series={orbits.flatMap(({ branch }, i) => branchSeries(branch, branch.amplitude, i))}
          include={[0]}
          empty="No orbit to follow."
        />
        <Chart
          name="multiplier"
          title="Multiplier along the orbit"
          xLabel="η"
          yLabel="of two steps"
          series={orbits.flatMap(({ branch }, i) => branchSeries(branch, branch.along, i))}
          references={[
            { label: "born", value: 1 },
            { label: "doubles its period", value: -1 },
          ]}
          empty="No orbit to follow."
        />
      </div>
      <p class="muted">
        2/η = {formatNumber(threshold)}. {verdicts.join(" ")}
      </p>
    </>
  );
}

const ENDS: Readonly<Record<StudiedOrbit["branch"]["end"], string>> = {
  target: "it exists as far as it was followed",
  collapsed: "it shrinks into the minimum",
  fold: "it folds back: beyond there is none",
  "period-doubled": "it doubles its period",
  lost: "it was lost",
  budget: "all points were used",
};

function orbitText({ amplitude, losses, verdict, along, branch }: StudiedOrbit, index: number): string {
  const [low, high] = losses.map((loss) => formatNumber(loss));
  return (
    `Orbit ${index + 1}: half-amplitude ${formatNumber(amplitude)}, losses ${low} and ${high}, ${verdict} ` +
    `(multiplier ${formatNumber(along)}); at η = ${formatNumber(branch.endLr)} ${ENDS[branch.end]}.`
  );
}

/** A branch in stretches: solid where it attracts, dashed where it does not. Folded branches go back in η, hence paths. */
function branchSeries(
  { lr, stable }: StudiedOrbit["branch"],
  values: readonly number[],
  index: number,
): readonly ChartSeries[] {
  const part = (wanted: boolean, label: string, kind: "path" | "points"): ChartSeries => ({
    owner: `orbit ${index + 1}`,
    label: `orbit ${index + 1}, ${label}`,
    colour: COLOURS[index % COLOURS.length]!,
    xs: Float64Array.from(lr),
    ys: Float64Array.from(values, (value, i) => (stable[i] === wanted ? value : Number.NaN)),
    kind,
  });
  return [part(true, "attracting", "path"), part(false, "repelling", "points")];
}

function LineLandscape({ result }: { readonly result: OrbitResult }): JSX.Element {
  const { grid, iterates, losses, orbits } = result;
  const count = grid.losses.length;
  const xs = Float64Array.from(
    { length: count },
    (_, i) => grid.low[0]! + ((grid.high[0]! - grid.low[0]!) * i) / (count - 1),
  );
  return (
    <Chart
      name="landscape"
      title="Landscape and gradient descent"
      xLabel="x"
      yLabel="loss"
      series={[
        { owner: "landscape", label: "loss", colour: COLOURS[6]!, xs, ys: grid.losses },
        {
          owner: "descent",
          label: "gradient descent",
          colour: COLOURS[1]!,
          xs: Float64Array.from(iterates, (at) => at[0]!),
          ys: Float64Array.from(losses),
          kind: "path",
        },
        ...orbits.map(({ points, losses: at }, i): ChartSeries => ({
          owner: `orbit ${i + 1}`,
          label: `orbit ${i + 1}`,
          colour: COLOURS[0]!,
          xs: Float64Array.from(points, (point) => point[0]!),
          ys: Float64Array.from(at),
          kind: "points",
        })),
      ]}
    />
  );
}

render(<Page />, document.querySelector("#app")!);
