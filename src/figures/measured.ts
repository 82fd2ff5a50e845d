// Samples of a measured quantity at the iterate, for lines.
import type { MeasurementEvent, RunRecord } from "../record/index.ts";
import type { Sample } from "./lines.ts";

/** Reads one quantity from the measurements at the iterate; those without it are left out. */
export function measuredSamples(
  value: (event: MeasurementEvent) => number | null | undefined,
): (record: RunRecord) => Sample[] {
  return (record) =>
    record.measurements.flatMap((event) => {
      const picked = event.point === "iterate" ? value(event) : undefined;
      return picked === undefined ? [] : [{ step: event.step, value: picked }];
    });
}
