// Experiment files: defaults, layers and their origins, readable errors, and hostile text.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { InputError } from "../math/index.ts";
import { parseExperiment, resolveConfig } from "./parse-experiment.ts";
import { experimentJsonSchema } from "./schema.ts";

function message(text: string, options: Parameters<typeof parseExperiment>[1] = {}): string {
  try {
    parseExperiment(text, { file: "run.yaml", ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error("no error was thrown");
}

describe("a file", () => {
  it("may be empty: every setting has a default", () => {
    const { config, origin } = parseExperiment("");
    expect(config).toMatchObject({
      data: { name: "synthetic-images" },
      net: { name: "mlp", widths: [200, 200], activation: "tanh", init: "pytorch" },
      loss: "mse",
      optimizer: { name: "gd", lr: 0.01, batch: "full" },
      seed: 0,
      precision: "float32",
      measure: { sharpness: { k: 1, tol: 1e-4 }, point: "iterate", alternate: true, equilibriumRecords: 20 },
    });
    expect(new Set(Object.values(origin))).toEqual(new Set(["default"]));
  });

  it("in the design's form is understood", () => {
    const { config } = parseExperiment(`
name: gap-fc-tanh
data:    { name: cifar10, n: 5000, subset: first, standardize: pixel, targets: onehot }
net:     { name: mlp, widths: [200, 200], activation: tanh, init: pytorch }
loss:    mse
optimizer: { name: sgd, lr: 0.01, batch: 50, sampling: shuffle }
steps: 15000
seed: 0
precision: float32
measure: { every: 50, sharpness: { k: 1, tol: 1e-4 } }
stop:    { loss: 1e-5, diverged: true }
`);
    expect(config).toMatchObject({
      name: "gap-fc-tanh",
      optimizer: { name: "sgd", lr: 0.01, batch: 50, sampling: "shuffle" },
      stop: { loss: 1e-5 },
    });
  });

  it("can name a section in one word, and leave the name of a section out", () => {
    const { config, origin } = parseExperiment("{data: chebyshev, net: fc-relu, optimizer: {lr: 0.5}}");
    expect(config.data).toMatchObject({ name: "chebyshev", degree: 4, n: 20 });
    expect(config.net).toEqual({ name: "fc-relu" });
    expect(config.optimizer).toMatchObject({ name: "gd", lr: 0.5 });
    expect(origin).toMatchObject({
      "data.name": "file",
      "data.degree": "default",
      "optimizer.lr": "file",
      "optimizer.name": "default",
    });
  });

  it("is YAML 1.2: 1e-3 is a number and `no` a word, whatever version the file claims", () => {
    expect(parseExperiment("optimizer: {lr: 1e-3}").config.optimizer.lr).toBe(0.001);
    for (const head of ["", "%YAML 1.1\n---\n"]) {
      expect(message(`${head}measure: {accuracy: no}`)).toMatch(/received "no"; allowed: true \| false/);
    }
  });

  it("measures nothing beyond the sharpness unless asked, and `true` asks for a section with its defaults", () => {
    const off = { landscape: false, noise: false, batchSharpness: false, interaction: false, trace: false };
    expect(parseExperiment("").config.measure).toMatchObject(off);
    const on =
      "measure: {landscape: true, noise: true, batchSharpness: true, interaction: true, trace: true}";
    const { config, origin } = parseExperiment(on);
    expect(config.measure).toMatchObject({
      landscape: true,
      noise: { batches: "optimizer", sampled: 50 },
      batchSharpness: { batch: "optimizer", batches: 30, tolerance: 0, sampling: "optimizer" },
      interaction: true,
      trace: { probes: 100, tolerance: 0.05 },
    });
    expect(origin["measure.noise.sampled"]).toBe("file");
    expect(parseExperiment(stringify(config)).config).toEqual(config);
    const override = parseExperiment("measure: {noise: true}", {
      overrides: ["measure.noise.batches=[5, 7]"],
    });
    expect(override.config.measure.noise).toEqual({ batches: [5, 7], sampled: 50 });
  });

  it("survives a round trip through the saved config.yaml", () => {
    fc.assert(
      fc.property(
        fc.record({
          lr: fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
          seed: fc.maxSafeInteger(),
          name: fc.constantFrom("no", "1e3", "null", "0x10", "on", "2001-01-01", "a b"),
          stop: fc.double({ min: 1e-300, max: 1, noNaN: true }),
        }),
        ({ lr, seed, name, stop }) => {
          const written = { name, seed, optimizer: { lr }, stop: { loss: stop }, net: "gap-cnn" };
          const { config } = parseExperiment(stringify(written));
          expect(config).toMatchObject({ name, seed, optimizer: { lr }, stop: { loss: stop } });
          expect(resolveConfig(parse(stringify(config)), "config.yaml")).toEqual(config);
          expect(parseExperiment(stringify(config)).config).toEqual(config);
        },
      ),
    );
  });
});

describe("precedence is flags, environment, file, defaults", () => {
  it("and the origin of each value says which won", () => {
    const text = "{seed: 1, steps: 10, optimizer: {name: sgd, lr: 0.1}}";
    const env = { BRINK_SEED: "2", BRINK_STEPS: "20", BRINK_DEVICE: "", OTHER: "x" };
    const overrides = ["seed=3", "optimizer.batch=7", "net.widths=[4, 4]"];
    const { config, origin } = parseExperiment(text, { env, overrides });
    expect(config).toMatchObject({ seed: 3, steps: 20, optimizer: { lr: 0.1, batch: 7 } });
    expect(config.net).toMatchObject({ widths: [4, 4] });
    expect(origin).toMatchObject({
      seed: "flag",
      steps: "env",
      "optimizer.lr": "file",
      "optimizer.batch": "flag",
      "net.widths": "flag",
      "net.activation": "default",
      device: "default",
    });
  });

  it("the last of several flags wins, and a whole section can be replaced", () => {
    const { config, origin } = parseExperiment("optimizer: {name: sgd, batch: 3}", {
      overrides: ["seed=1", "seed=2", "optimizer=gd", "data.name=chebyshev", "data={name: gaussians}"],
    });
    expect(config).toMatchObject({
      seed: 2,
      optimizer: { name: "gd", lr: 0.01 },
      data: { name: "gaussians" },
    });
    expect(origin["optimizer.lr"]).toBe("flag");
  });

  it("values of flags are YAML scalars", () => {
    const { config } = parseExperiment("", {
      overrides: ["optimizer.lr=2e-2", "measure.sharpness=false", "data={name: cifar10, dir: 'a=b'}"],
    });
    expect(config.optimizer.lr).toBe(0.02);
    expect(config.measure.sharpness).toBe(false);
    expect(config.data).toMatchObject({ dir: "a=b" });
  });

  it("flags that are not settings are refused", () => {
    for (const flag of ["seed", "=3", "__proto__.x=1", "a b=1", "optimizer..lr=1", "seed=[1"]) {
      expect(message("", { overrides: [flag] })).toContain(`--set ${flag}`);
    }
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

describe("mistakes", () => {
  it("are all reported at once, each with its line, value, what is allowed and the nearest name", () => {
    const text = message(
      `data: cifar10
net: { name: mlp, activation: tahn, gaim: 2 }
optimizer: { name: sgd, lr: -1e-3, batch: 0 }
steps: "10"
stepz: 3
loss: mes
`,
      { overrides: ["seed=a"], env: { BRINK_THREADS: "many" } },
    );
    expect(text.split("\n")).toHaveLength(1 + 9);
    expect(text).toMatch(/^9 problems/);
    expect(text).toMatch(
      /run\.yaml:2: net\.activation: bad value \(received "tahn"; allowed: .*\)\. Did you mean "tanh"\?/,
    );
    expect(text).toMatch(/run\.yaml:2: net: unknown key "gaim" \(allowed: .*\)\. Did you mean "gain"\?/);
    expect(text).toMatch(
      /run\.yaml:3: optimizer\.lr: bad value \(received -0\.001; allowed: a number above 0\)/,
    );
    expect(text).toMatch(
      /run\.yaml:3: optimizer\.batch: bad value \(received 0; allowed: a whole number of at least 1, or full\)/,
    );
    expect(text).toMatch(/run\.yaml:4: steps: bad value \(received "10"/);
    expect(text).toMatch(/run\.yaml:5: unknown key "stepz" \(allowed: .*\)\. Did you mean "steps"\?/);
    expect(text).toMatch(/run\.yaml:6: loss: .*Did you mean "mse"\?/);
    expect(text).toMatch(/--set seed=a: seed: bad value \(received "a"; allowed: a whole number\)/);
    expect(text).toMatch(/BRINK_THREADS: threads: bad value \(received "many"/);
  });

  it.each([
    [
      "data: {name: cifer10}",
      /data\.name: unknown name \(received "cifer10"; allowed: .*\)\. Did you mean "cifar10"/,
    ],
    ["net: {name: [1]}", /net\.name: unknown name \(received \[1\]/],
    ["data: {name: arrays}", /data\.file: missing \(allowed: a path\)/],
    ["data: {name: chebyshev, standardize: pixel}", /data: unknown key "standardize"/],
    [
      "data: {name: mnist, n: 0}",
      /data\.n: bad value \(received 0; allowed: an integer of at least 1, or all\)/,
    ],
    ["data: {name: mnist, classes: [1, 1]}", /data\.classes: bad value/],
    ["net: {name: cnn, kernel: 4}", /run\.yaml:1: net\.kernel: only an odd kernel/],
    ["net: {name: mlp, gain: [1]}", /net\.gain: one gain for each layer/],
    ["net: {name: mlp, activation: {name: tanh, leak: 0.5}}", /no such parameter/],
    ["net: {name: fc-tanh, widths: [3]}", /net: unknown key "widths" \(allowed: name, init\)/],
    ["net: {name: mlp, init: {fill: 3}}", /net\.init/],
    ["optimizer: {name: gd, batch: 50}", /optimizer\.batch: .*allowed: full \(gd uses every example/],
    ["optimizer: {name: sgd, batch: 1.5}", /received 1\.5/],
    ["optimizer: {lr: .nan}", /received NaN/],
    ["optimizer: {lr: .inf}", /received Infinity/],
    ["seed: 1e400", /received Infinity/],
    ["measure: {sharpness: {kk: 2}}", /measure\.sharpness: unknown key "kk"/],
    ["measure: {sharpness: true}", /measure\.sharpness/],
    [
      "measure: {noise: yes}",
      /measure\.noise: bad value \(received "yes"; allowed: true \| false \| \{ batches, sampled \}\)/,
    ],
    ["measure: {noise: {bathces: [1]}}", /measure\.noise: unknown key "bathces".*Did you mean "batches"/],
    ["measure: {noise: {batches: [50, 0]}}", /measure\.noise\.batches\.1: .*received 0; .*at least 1/],
    ["measure: {noise: {batches: []}}", /measure\.noise\.batches: .*allowed: at least one batch size/],
    ["measure: {batchSharpness: {batch: many}}", /batchSharpness\.batch: .*allowed: a batch size, a list/],
    ["measure: {batchSharpness: {batches: 1}}", /batchSharpness\.batches: .*from 2 to 100000/],
    ["measure: {batchSharpness: {sampling: shufle}}", /batchSharpness\.sampling: .*Did you mean "shuffle"/],
    ["measure: {trace: {tolerance: -1}}", /trace\.tolerance: .*allowed: a number from 0 to 1/],
    [
      "measure: {sharpness: false, landscape: true}",
      /measure\.landscape: .*false without measure\.sharpness/,
    ],
    ["measure: {sharpness: false, noise: true}", /measure\.noise: .*false without measure\.sharpness/],
    ["measure: 3", /measure: bad value \(received 3; allowed: \{ every,/],
    ["name: a/b", /name: bad value/],
    ["name: ..", /name: bad value/],
    ["runs: [{set: {seed: 1}}]", /runs\.0\.name: missing/],
    ["sweep: {seed: 3}", /sweep\.seed: .*a list of values/],
    ["[1, 2]", /settings \(received \[1,2\]\)/],
    ["just words", /settings \(received "just words"\)/],
  ])("%s", (text, expected) => {
    expect(message(text)).toMatch(expected);
  });

  it("that are very many are counted, not all printed", () => {
    const text = message(Array.from({ length: 5000 }, (_, i) => `key${i}: 1`).join("\n"));
    expect(text).toMatch(/^5000 problems/);
    expect(text).toMatch(/and 4975 more$/);
    expect(text.length).toBeLessThan(10_000);
  });
});

describe("text that is not a well-formed YAML document", () => {
  it.each([
    ["seed: 1\nseed: 2", /run\.yaml:2: not valid YAML: key seed is given twice/],
    ["measure: {every: 1, every: 2}", /key every is given twice/],
    ["a: 1\n---\nb: 2", /more than one document/],
    ["seed: !!binary aGk=", /not valid YAML/],
    ["seed: !thing 1", /not valid YAML/],
    ["{", /run\.yaml:1: not valid YAML/],
    ["\t- x", /not valid YAML/],
    ["? [a]\n: 1", /a key must be a plain word/],
    ["seed: *nowhere", /not valid YAML/],
    ["[".repeat(60_000), /not valid YAML/],
    [`x: ${" ".repeat(70_000)}`, /too long/],
    [
      "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]",
      /alias/,
    ],
  ])("%s", (text, expected) => {
    expect(message(text)).toMatch(expected);
  });

  it("is never a crash or a hang, whatever the text", () => {
    const words = fc.constantFrom(
      ..."name: |data:|net:|mlp|sweep:|runs:|{|}|[|]|- |\n|  |: |&a |*a|<<: |!!str |\"|'|#|1e-3|no|~|%YAML 1.1\n---\n|? ||>\n|__proto__: |,".split(
        "|",
      ),
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(words, { maxLength: 60 }).map((parts) => parts.join("")),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseExperiment(text, { overrides: [`optimizer.lr=${text}`] });
          parseExperiment(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 600 },
    );
    expect(Object.keys({})).toEqual([]);
  });
});

describe("the JSON Schema", () => {
  it("describes every section, with defaults, shorthands and no other keys", () => {
    const schema = experimentJsonSchema() as {
      properties: Record<string, { anyOf?: unknown[]; default?: unknown }>;
      additionalProperties: boolean;
      required?: string[];
    };
    expect(schema.additionalProperties).toBe(false);
    expect(schema.required).toBeUndefined();
    expect(Object.keys(schema.properties)).toEqual(Object.keys(parseExperiment("").config));
    expect(schema.properties["steps"]).toMatchObject({ default: 1000, type: "integer", minimum: 0 });
    expect(schema.properties["net"]!.anyOf![0]).toMatchObject({ type: "string" });
    expect(JSON.stringify(schema)).toContain('"fc-tanh"');
    // Plain JSON, so that it can be written to a file.
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
