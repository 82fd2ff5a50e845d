// `brink doctor`: what works on this machine, and what to do about what does not.
import type { Command } from "commander";
import { formatTable } from "../format.ts";
import { type CommonOptions, examplesFirst, type Host, resolvePath, withRunsDir } from "../host.ts";
import { version } from "../version.ts";

interface Options extends CommonOptions {
  readonly runsDir: string;
}

/** Registers the command. */
export function addDoctorCommand(program: Command, host: Host): void {
  const command = withRunsDir(
    program.command("doctor").description("check Node, devices, data sets and folders"),
  ).action(async (_options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      output.note(`brink ${version()}: checking …`);
      const { checkMachine } = await import("../machine.ts");
      const { checkDataSets } = await import("../data-sets.ts");
      const checks = [
        ...(await checkMachine(resolvePath(host.io, options.runsDir))),
        ...(await checkDataSets(host.io)),
      ];
      const ok = checks.every((check) => check.ok || !check.required);
      output.json({ version: version(), ok, checks });
      const rows = checks.map((check) => [
        check.ok
          ? output.paint("ok", "green")
          : output.paint(check.required ? "FAILED" : "–", check.required ? "red" : "dim"),
        check.name,
        check.hint === undefined ? check.detail : `${check.detail}: ${check.hint}`,
      ]);
      output.text(formatTable([{ title: "" }, { title: "what" }, { title: "result" }], rows));
      return ok ? 0 : 1;
    });
  });
  examplesFirst(command, [
    ["brink doctor", "what works here"],
    ["brink doctor --json", "the same for a bug report"],
  ]);
}
