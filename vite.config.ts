// Builds the pages of the laboratory into static files that any host serves, under any path.
import { defineConfig } from "vite";

export default defineConfig({
  root: "src/ui",
  // Relative addresses: the folder works under a sub-path and from `brink serve` alike.
  base: "./",
  publicDir: false,
  // The engine's files are fetched by us, with progress, not by its own script.
  resolve: {
    conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: "../../dist/site",
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: {
      input: {
        index: "src/ui/index.html",
        playground: "src/ui/playground.html",
        simulator: "src/ui/simulator.html",
        orbits: "src/ui/orbits.html",
      },
    },
  },
});
