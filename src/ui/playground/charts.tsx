// The charts of the playground: which there are follows from what is measured.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { FigureOptions } from "../../figures/figure.ts";
import { Chart } from "../kit/chart.tsx";
import {
  batchSharpnessSeries,
  lossSeries,
  marksOf,
  phaseSeries,
  plainSeries,
  type Scene,
  sharpnessSeries,
  spectrumSeries,
  thresholdReferences,
} from "./curves.ts";
import type { Lab } from "./lab.ts";

/** Times 2/η at which the sharpness axis may end. */
const CAP = 3;

export function Charts({ lab }: { readonly lab: Lab }): JSX.Element {
  const version = lab.version.value;
  const runs = lab.runs.value;
  const axis = lab.state.signals.x.value;
  const evenOdd = lab.state.signals.evenodd.value;
  const { landscape, noise, bs } = lab.state.values();
  const scene: Scene = useMemo(() => ({ runs, axis }), [runs, axis]);
  const now = [scene, version];
  const loss = useMemo(() => lossSeries(scene), now);
  const sharpness = useMemo(() => sharpnessSeries(scene), now);
  const references = useMemo(() => thresholdReferences(runs), now);
  const marks = useMemo(() => marksOf(scene), now);
  const measured = (name: string): boolean => runs.some((run) => run.curve(name) !== undefined);

  const highest = Math.max(0, ...references.map(({ value = 0 }) => value));
  const cap = highest > 0 ? { capAt: CAP * highest } : {};
  const common = { xLabel: axis === "step" ? "step" : "effective time η·step", group: "training", marks };
  const view = { evenOdd };
  // A view chosen in the chart stays until the page's switch is used again.
  const key = evenOdd ? "split" : "whole";
  return (
    <div class="charts">
      <Chart
        key={`loss ${key}`}
        {...common}
        name="loss"
        title="Training loss"
        yLabel="loss"
        series={loss}
        view={{ ...view, logY: true }}
        figure={async (options: FigureOptions) => {
          const { lossFigure } = await import("../../figures/loss.ts");
          return lossFigure(
            runs.map((run) => run.record()),
            { ...options, x: axis },
          );
        }}
        empty="Press Run: the loss of every step appears here."
      />
      <Chart
        key={`sharpness ${key}`}
        {...common}
        {...cap}
        name="sharpness"
        title="Sharpness"
        yLabel="largest eigenvalues of the Hessian"
        series={sharpness}
        references={references}
        include={[0]}
        view={view}
        figure={async (options: FigureOptions) => {
          const { sharpnessFigure } = await import("../../figures/sharpness.ts");
          return sharpnessFigure(
            runs.map((run) => run.record()),
            { ...options, x: axis },
          );
        }}
        empty="Press Run: the sharpness and its threshold 2/η appear here."
      />
      {landscape || measured("x") ? <PhaseChart lab={lab} scene={scene} version={version} /> : null}
      {bs || measured("batchSharpness") ? (
        <Chart
          {...common}
          {...cap}
          name="batch-sharpness"
          title="Batch sharpness"
          yLabel="curvature along batch gradients"
          series={batchSharpnessSeries(scene)}
          references={references}
          include={[0]}
          empty="Measured from the next run on."
        />
      ) : null}
      {noise || measured("noise") ? (
        <Chart
          {...common}
          name="noise"
          title="Gradient noise along u"
          yLabel="σ_u², exact from every example"
          series={plainSeries(scene, "noise", "noiseVariance")}
          view={{ logY: true }}
          empty="Measured from the next run on."
        />
      ) : null}
      <SpectrumChart lab={lab} />
    </div>
  );
}

function PhaseChart({
  lab,
  scene,
  version,
}: {
  readonly lab: Lab;
  readonly scene: Scene;
  readonly version: number;
}): JSX.Element {
  const series = useMemo(() => phaseSeries(scene), [scene, version]);
  const every = lab.state.signals.every.value;
  return (
    <Chart
      name="phase"
      title="Oscillation and sharpness"
      xLabel="|x| = |⟨u, ∇L⟩|/S, distance from the valley floor along u"
      yLabel="y = S − 2/η"
      series={series}
      references={[{ label: "2/η", value: 0 }]}
      view={{ logX: true }}
      empty={
        every === 1
          ? "Measured from the next run on."
          : "Measured from the next run on; measure every step to see the cycle turn."
      }
    />
  );
}

function SpectrumChart({ lab }: { readonly lab: Lab }): JSX.Element {
  const spectrum = lab.spectrum.value;
  const run = lab.runs.value.find(({ id }) => id === spectrum?.run);
  const parameters = run?.opened?.parameters ?? 1;
  const series = useMemo(
    () => (spectrum === null || run === undefined ? [] : spectrumSeries(spectrum, parameters, run.index)),
    [spectrum, parameters, run],
  );
  const busy = lab.spectrumBusy.value;
  const ready = lab.current !== null && !lab.running.value && lab.current.status !== "failed";
  return (
    <div class="spectrum">
      <Chart
        name="spectrum"
        title={
          spectrum === null ? "Spectrum of the Hessian" : `Spectrum of the Hessian at step ${spectrum.step}`
        }
        xLabel={spectrum?.exact === false ? "rank, by Lanczos quadrature" : "rank"}
        yLabel="eigenvalue"
        series={series}
        references={run?.threshold == null ? [] : [{ label: "2/η", value: run.threshold }]}
        view={{ logX: true }}
        empty="Pause, then measure the whole spectrum where the run stands."
      />
      <button type="button" disabled={!ready || busy} onClick={() => lab.measureSpectrum()}>
        {busy ? "Measuring …" : "Measure the spectrum here"}
      </button>
    </div>
  );
}
