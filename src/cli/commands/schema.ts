// `brink schema`: the experiment file's JSON Schema, for editors.
import type { Command } from "commander";
import { type CommonOptions, examplesFirst, type Host } from "../host.ts";

/** Registers the command. */
export function addSchemaCommand(program: Command, host: Host): void {
  const command = program
    .command("schema")
    .description("print the JSON Schema of experiment files")
    .action(async (_options: object, self: Command) => {
      await host.run(self.optsWithGlobals<CommonOptions>(), async (output) => {
        const { experimentJsonSchema } = await import("../../lab/index.ts");
        const schema = experimentJsonSchema();
        output.json(schema);
        output.text(JSON.stringify(schema, null, 2));
        return 0;
      });
    });
  examplesFirst(command, [
    ["brink schema > experiment.schema.json", "then in a file: # yaml-language-server: $schema=…"],
  ]);
}
