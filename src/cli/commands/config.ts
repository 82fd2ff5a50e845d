// `brink config FILE`: the configuration a run would have, every default filled in, and where each value is from.
import type { Command } from "commander";
import { formatTable } from "../format.ts";
import {
  type CommonOptions,
  type ConfigOptions,
  examplesFirst,
  type Host,
  withConfigOptions,
} from "../host.ts";

interface Options extends CommonOptions, ConfigOptions {
  readonly origin?: boolean;
}

/** Registers the command. */
export function addConfigCommand(program: Command, host: Host): void {
  const command = withConfigOptions(
    program
      .command("config <file>")
      .description("print the resolved configuration of an experiment file")
      .option("--origin", "say for each value whether flag, env, file or default set it"),
  ).action(async (file: string, _options: object, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    await host.run(options, async (output) => {
      const { expandSweep } = await import("../../lab/index.ts");
      const { loadExperiment } = await import("../experiment-file.ts");
      const { stringify } = await import("yaml");
      const parsed = loadExperiment(host.io, file, options);
      const runs = expandSweep(parsed).map(({ name }) => name);
      output.json({
        config: parsed.config,
        ...(options.origin === true ? { origin: parsed.origin } : {}),
        runs,
      });
      if (options.origin === true) output.text(originTable(parsed.config, parsed.origin));
      else output.text(stringify(parsed.config));
      if (runs.length > 1) output.note(`${runs.length} runs: ${runs.join(", ")}`);
      return 0;
    });
  });
  examplesFirst(command, [
    ["brink config E.yaml --origin", "which of flag, env, file and default won"],
    ["brink config E.yaml --set seed=1 > resolved.yaml", "a file with every setting spelled out"],
  ]);
}

function originTable(config: object, origin: Readonly<Record<string, string>>): string {
  const rows = Object.entries(origin).map(([key, from]) => [key, JSON.stringify(valueAt(config, key)), from]);
  return formatTable([{ title: "setting" }, { title: "value" }, { title: "from" }], rows);
}

/** The value at a dotted key. A key of `sweep` may itself contain dots, so the longest match at each level wins. */
function valueAt(value: unknown, key: string): unknown {
  if (key === "" || typeof value !== "object" || value === null) return value;
  const own = Object.keys(value).filter((name) => key === name || key.startsWith(`${name}.`));
  const name = own.toSorted((a, b) => b.length - a.length)[0];
  if (name === undefined) return undefined;
  return valueAt((value as Record<string, unknown>)[name], key.slice(name.length + 1));
}
