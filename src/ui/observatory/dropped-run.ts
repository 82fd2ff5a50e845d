// A run read from files in the browser: the same entry and series a server would make of them.
import { InputError } from "../../math/errors.ts";
import { configValues } from "../../record/config-values.ts";
import type { RunSummary } from "../../record/events.ts";
import { parseEvents } from "../../record/jsonl.ts";
import { parseProvenance } from "../../record/provenance.ts";
import { parseSummary, RUN_FILES } from "../../record/run-files.ts";
import type { RunDetail, ServedStatus } from "../../record/serve-api.ts";
import { SeriesBuilder, SeriesSummary } from "../../record/series-builder.ts";
import type { Series } from "../../record/series.ts";

/** A run from files. */
export interface DroppedRun {
  readonly detail: RunDetail;
  readonly series: ReadonlyMap<string, Series>;
}

/**
 * Reads a run of its files' texts by name; `events.jsonl` alone will do.
 *
 * @param parseYaml reads config.yaml; handed in because the reader is large and rarely needed
 * @throws InputError naming the file that cannot be read, or that is missing
 */
export function readDroppedRun(
  id: string,
  files: ReadonlyMap<string, string>,
  parseYaml: (text: string) => unknown,
): DroppedRun {
  const text = files.get(RUN_FILES.events);
  if (text === undefined) {
    throw new InputError("not a run", {
      file: id,
      received: [...files.keys()].join(", "),
      allowed: `${RUN_FILES.events}, with ${RUN_FILES.config} and ${RUN_FILES.summary} beside it`,
    });
  }
  const { events } = parseEvents(text, `${id}/${RUN_FILES.events}`);
  const builder = new SeriesBuilder();
  const found = new SeriesSummary();
  for (const event of events) {
    builder.add(event);
    found.add(event);
  }
  const yaml = files.get(RUN_FILES.config) ?? "";
  const config = plainObject(yaml === "" ? {} : parseYaml(yaml), `${id}/${RUN_FILES.config}`);
  const written = files.get(RUN_FILES.summary);
  const summary = written === undefined ? null : parseSummary(written, `${id}/${RUN_FILES.summary}`);
  const values = configValues(config);
  const lr = values["optimizer.lr"];
  const plain = values["optimizer.name"] === "gd" || values["optimizer.name"] === "sgd";
  return {
    detail: {
      entry: {
        id,
        name: typeof values["name"] === "string" ? values["name"] : id,
        status: statusOf(summary, found),
        problem: null,
        config: values,
        step: found.step,
        steps: typeof values["steps"] === "number" ? values["steps"] : null,
        threshold: summary?.threshold ?? (plain && typeof lr === "number" && lr > 0 ? 2 / lr : null),
        summary,
        series: found.series(),
        marks: found.marks,
        createdAt: null,
        notes: { tags: ["dropped file"], text: "" },
        actions: [],
      },
      config,
      yaml,
      provenance: parseProvenance(files.get(RUN_FILES.provenance) ?? ""),
      findings: [],
    },
    series: builder.block(null, "").series,
  };
}

/** A file does not change: a run that says it goes on went on without us. */
function statusOf(summary: RunSummary | null, { marks }: SeriesSummary): ServedStatus {
  if (summary !== null && summary.status !== "running") return summary.status;
  const last = marks.at(-1)?.kind;
  return last === "diverged" || last === "finished" ? last : "interrupted";
}

function plainObject(value: unknown, file: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InputError("a configuration is a mapping of settings", { file });
}

/** Files by the folder they lie in: each with an events file is a run. Loose files take the name of their folder "". */
export function byFolder(paths: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  return folders;
}
