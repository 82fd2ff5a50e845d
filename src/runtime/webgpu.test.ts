// The runtime on WebGPU, where this machine has an adapter: a GPU, or the software one that Chromium ships.
//
// Drivers are native code that may bring a process down, and a software adapter has to be announced before the
// process starts, so this file runs itself again in a process of its own.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { caseProgram } from "../../test/cases-derivatives.ts";
import { gradientOf, hessianVector, programOf, smallCnn, smallMlp } from "../../test/cases-networks.ts";
import { worstError } from "../../test/cases-support.ts";
import { operatorCases } from "../../test/cases.ts";
import { encodeModel, lowerProgram } from "../onnx/index.ts";
import { createGraph, sizeOf, tanh, type Node, type Program } from "../tensor/index.ts";
import { evaluate, onnxRuntimeBackend } from "./index.ts";

const ROLE = "BRINK_WEBGPU_TEST";
const TOLERANCE = 2e-4;
const root = fileURLToPath(new URL("../../", import.meta.url));
const webgpu = onnxRuntimeBackend(ort, { device: "webgpu", threads: 1 });

/** Where Chromium's packages put a Vulkan loader and its software driver. */
const CHROMIUM = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];

type Environment = Record<string, string | undefined>;

/** Environments to try: the machine's own, then those that announce Chromium's software adapter. */
function environments(): Environment[] {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  const drivers = CHROMIUM.map((folder) => join(folder, "vk_swiftshader_icd.json")).filter(existsSync);
  const software = drivers.map((driver) =>
    Object.assign({}, own, {
      LD_LIBRARY_PATH: dirname(driver),
      VK_DRIVER_FILES: driver,
      VK_ICD_FILENAMES: driver,
    }),
  );
  return [own, ...software];
}

/** Runs Node with the given arguments; resolves with its success and output. */
function runNode(
  args: readonly string[],
  env: Environment,
  timeout: number,
): Promise<{ passed: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env, timeout }, (error, stdout, stderr) => {
      resolve({ passed: error === null, output: stdout + stderr });
    });
  });
}

const PROBE = `
  const { InferenceSession } = require("onnxruntime-node");
  const model = Buffer.from(process.argv[1], "base64");
  const leave = (code) => () => process.exit(code);
  InferenceSession.create(model, { executionProviders: ["webgpu"] }).then(leave(0), leave(1));
`;

/** The first environment in which ONNX Runtime finds an adapter. */
async function firstWithAdapter(): Promise<Environment | undefined> {
  const x = createGraph().input("x", [3]);
  const { model } = lowerProgram({ inputs: [x], outputs: [tanh(x)] }, "float32");
  const bytes = Buffer.from(encodeModel(model)).toString("base64");
  for (const environment of environments()) {
    if ((await runNode(["-e", PROBE, bytes], environment, 30_000)).passed) return environment;
  }
  return undefined;
}

async function runOnDevice(
  program: Program,
  values: ReadonlyMap<Node, Float64Array>,
): Promise<Float32Array[]> {
  const executable = await webgpu.compile(program, "float32");
  const feeds = program.inputs.map((node) => Float32Array.from(values.get(node)!));
  // Views again: results come back through a copy here, which must land in the right place.
  const results = program.outputs.map((node) => new Float32Array(sizeOf(node.shape) + 4).subarray(2, -2));
  await executable.run(feeds, results);
  const first = results.map((result) => result.slice());
  await executable.run(feeds, results);
  await executable.dispose();
  expect(results.map((result) => result.slice())).toEqual(first);
  return first;
}

async function expectAgreement(program: Program, values: ReadonlyMap<Node, Float64Array>): Promise<void> {
  const got = await runOnDevice(program, values);
  evaluate(program, values).forEach((expected, k) => {
    expect(worstError(got[k]!, expected), `output ${k}`).toBeLessThan(TOLERANCE);
  });
}

if (process.env[ROLE] === "device") {
  describe("WebGPU agrees with the interpreter in float32", () => {
    // One case each, of the highest rank: software adapters compile shaders slowly, and every shape is a shader.
    const cases = Object.entries(operatorCases).map(([op, items]) => {
      const [item] = items.toSorted((a, b) => b.shape.length - a.shape.length);
      return [op, item!.name, item!] as const;
    });
    test.each(cases)("%s %s: value and gradient", async (op, _, definition) => {
      const { inputs, values, y, gradient } = caseProgram(op, definition);
      await expectAgreement({ inputs, outputs: [y, ...gradient] }, values);
    });

    test.each([
      ["MLP", smallMlp],
      ["CNN", smallCnn],
    ] as const)("%s: loss, gradient and Hv", async (_, make) => {
      const item = make();
      const outputs = [item.loss, ...gradientOf(item.loss, item.parameters), ...hessianVector(item)];
      await expectAgreement(programOf(item, outputs), item.values);
    });
  });
} else {
  const environment = await firstWithAdapter();
  test.skipIf(environment === undefined)(
    "every operator and two networks on this machine's WebGPU adapter",
    async () => {
      const vitest = join(
        dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
        "vitest.mjs",
      );
      const args = [vitest, "run", fileURLToPath(import.meta.url)];
      const { passed, output } = await runNode(args, { ...environment, [ROLE]: "device" }, 240_000);
      expect(passed, output).toBe(true);
      expect(output).toMatch(/ passed/);
    },
    300_000,
  );
}
