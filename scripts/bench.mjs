// `npm run bench -- NAME [options]`: compiles bench/ and runs one benchmark; without a name, lists them.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { checkNode, ensureBuilt, ensureInstalled, main, root, runNode } from "./setup.mjs";

/** Benchmarks by name with the comment on their first line. `harness.ts` is their common part, not one of them. */
function benchmarks() {
  return readdirSync(path.join(root, "bench"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && file !== "harness.ts")
    .map((file) => ({
      name: file.slice(0, -3),
      about: readFileSync(path.join(root, "bench", file), "utf8")
        .split("\n", 1)[0]
        .replace(/^\/\/\s*/, ""),
    }));
}

await main(async () => {
  checkNode();
  const [name, ...rest] = process.argv.slice(2);
  const available = benchmarks();
  const list = available.map((bench) => `  ${bench.name.padEnd(12)} ${bench.about}`).join("\n");
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(`Usage: npm run bench -- NAME [--json] [options]\n\n${list}\n`);
    return 0;
  }
  if (!available.some((bench) => bench.name === name)) {
    process.stderr.write(`There is no benchmark "${name}". Available:\n${list}\n`);
    return 2;
  }
  ensureInstalled();
  await ensureBuilt("bench", ["src", "bench"]);
  return runNode([path.join(root, "dist", "bench", `${name}.js`), ...rest]);
});
