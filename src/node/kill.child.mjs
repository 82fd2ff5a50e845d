// A process for kill.test.ts to kill: trains the small objective into a run's folder, new or resumed, from the build.
import {
  decodeCheckpoint,
  lanczosSharpness,
  parseExperiment,
  productObjective,
  recordRun,
} from "../../dist/lab/index.js";
import { collectProvenance } from "../../dist/node/provenance.js";
import { createRun, openRun } from "../../dist/node/run-store.js";

const [mode, folder, text] = process.argv.slice(2);
const { config } = parseExperiment(text);
const layout = [{ name: "w", shape: [2], offset: 0 }];

const store =
  mode === "create"
    ? await createRun({
        root: folder,
        config,
        provenance: await collectProvenance({
          command: process.argv,
          device: "none",
          threads: 1,
          seed: config.seed,
          data: { name: "toy", provenance: { files: [], checksum: "", notes: [] } },
          now: new Date(),
        }),
      })
    : await openRun(folder);
const resume =
  mode === "create"
    ? undefined
    : ((await store.rewind((file, path) => decodeCheckpoint(file, layout, config, path))) ?? undefined);
process.stdout.write(`${store.dir}\n`);
const run = recordRun({
  config,
  objective: productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2], dtype: "float32" }),
  solveSharpness: lanczosSharpness,
  theta0: new Float32Array([7.2, 0.15]),
  hasTest: false,
  clock: () => performance.now(),
  store,
  layout,
  resume,
});
for (;;) {
  const { done } = await run.next();
  if (done === true) break;
}
await store.close();
