// `brink work` (hidden): one run of a sweep, in the process the sweep started for it.
import type { Command } from "commander";
import type { Host } from "../host.ts";
import type { WorkInput, WorkMessage } from "../sweep/messages.ts";

/** Registers the command; no help lists it, because only `brink sweep` has a use for it. */
export function addWorkCommand(program: Command, host: Host): void {
  program
    .command("work", { hidden: true })
    .description("one run of a sweep, for the process that started it")
    .action(async () => {
      await host.run({}, async () => {
        const { connectJob } = await import("../../node/jobs-child.ts");
        const side = await connectJob<WorkInput, WorkMessage>();
        const { work } = await import("../sweep/worker.ts");
        return work(host.io, side);
      });
    });
}
