// What the page is doing, in one sentence with what to do next.
import { formatNumber } from "../../figures/ticks.ts";
import type { Lab, Notice } from "./lab.ts";
import type { RunData } from "./run-data.ts";

/** The sentence of the status line. The most urgent thing wins. */
export function noticeOf(lab: Lab): Notice {
  const { current } = lab;
  const [crash, problem, loading] = [lab.crash.value, lab.problem.value, lab.loading.value];
  if (crash !== null) {
    return {
      kind: "error",
      text: `The worker stopped (${crash}). The curves are kept; press Run to train anew: the same settings and seed give the same run.`,
    };
  }
  if (problem !== null) return { kind: "error", text: problem };
  if (loading !== null) return loadingNotice(loading);
  if (current === null) {
    return {
      kind: "empty",
      text: "Nothing has been trained yet. Press Run, or the space bar; the engine is loaded first.",
    };
  }
  return runNotice(current, lab.difference.value);
}

function loadingNotice({ received, total }: { received: number; total: number | null }): Notice {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const of = total === null ? "" : ` of ${megabytes(total)}`;
  const progress = total === null ? {} : { progress: received / total };
  return { kind: "loading", text: `Loading the engine: ${megabytes(received)}${of} MB.`, ...progress };
}

function runNotice(run: RunData, difference: "same" | "fork" | "new"): Notice {
  const at = `step ${run.step} of ${run.values.steps}`;
  switch (run.status) {
    case "opening":
      return { kind: "loading", text: "Building the network and its derivatives." };
    case "running":
      return { kind: "running", text: `Training: ${at}${sharpnessText(run)}.` };
    case "failed":
      return { kind: "error", text: `The run stopped at ${at}: ${run.failure ?? "unknown reason"}.` };
    case "diverged":
      return {
        kind: "diverged",
        text: `Diverged at step ${run.step}: ${run.summary?.message ?? "the loss is not finite"}. Rewind, or try a smaller learning rate.`,
      };
    case "finished":
      return {
        kind: "done",
        text: `Finished: ${at}${sharpnessText(run)}. Rewind, or fork it with other settings.`,
      };
    default: {
      const next =
        difference === "same"
          ? "Run goes on."
          : difference === "fork"
            ? "The settings have changed: Fork goes on with them from here, Run with the old ones."
            : "The settings have changed: New run starts with them, Run goes on with the old ones.";
      return { kind: "done", text: `Paused at ${at}${sharpnessText(run)}. ${next}` };
    }
  }
}

function sharpnessText(run: RunData): string {
  const sharpness = run.curve("sharpness")?.values.view.at(-1);
  if (sharpness === undefined || run.threshold === null) return "";
  return `, sharpness ${formatNumber(sharpness)} against 2/η = ${formatNumber(run.threshold)}`;
}
