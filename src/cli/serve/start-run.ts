// A run of the server's queue in a process of its own: the same hidden command that the runs of a sweep use.
import { fileURLToPath } from "node:url";
import { type Job, startJob } from "../../node/jobs.ts";
import type { RunMessage, RunTask } from "../../server/index.ts";
import type { WorkInput, WorkMessage } from "../sweep/messages.ts";

/** Entry point of the command line, whose hidden `work` command a job process runs. */
const entry = fileURLToPath(new URL("../main.js", import.meta.url));

/** Where runs are kept, and what their provenance says of how they were started. */
export interface Workplace {
  readonly root: string;
  readonly cwd: string;
  readonly argv: readonly string[];
}

/** Starts or resumes a run; progress and events are read from its record, not from here. */
export function startRun(
  { root, cwd, argv }: Workplace,
  { config, resume }: RunTask,
  hear: (message: RunMessage) => void,
): Job {
  return startJob<WorkInput, WorkMessage>({
    script: entry,
    args: ["work"],
    cwd,
    input: { config, root, resume, argv },
    onMessage: (message) => {
      if (message.type === "run") hear({ type: "run", run: message.run });
      else if (message.type === "done") hear({ type: "done" });
      else if (message.type !== "event" && message.type !== "progress") hear(message);
    },
  });
}
