// `npm start`: from a fresh clone to the headline figure. Installs, builds, trains, writes the report.
import path from "node:path";
import { checkNode, ensureBuilt, ensureInstalled, main, root, runNode } from "./setup.mjs";

await main(async () => {
  checkNode();
  ensureInstalled();
  await ensureBuilt("src/cli", ["src"]);
  const experiment = path.join("experiments", "headline.yaml");
  return runNode([path.join(root, "brink"), "run", experiment, "--report", ...process.argv.slice(2)]);
});
