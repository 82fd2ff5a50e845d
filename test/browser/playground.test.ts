// The playground in Chromium: training in the page against the command line, rewinds, forks, exports, and what goes wrong.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { brink, runFile, runFolders, scratch } from "../end-to-end/brink.ts";
import { describeSite } from "./launch.ts";
import { column, experimentFile, fill, press, saved, untilStatus } from "./playground-page.ts";

describeSite("the playground", (openSite) => {
  const open = (hash: string) => openSite(`playground.html#${hash}`);
  const TIMEOUT = 300_000;

  it(
    "reaches 2/η on the polynomial, with the numbers of the command line",
    async () => {
      const { page, problems } = await open(
        "seed=0&lr=0.25&steps=260&every=20&k=1&landscape=0&precision=float64",
      );
      // The page may have loaded before it listens.
      await page.getByRole("button", { name: "Run", exact: true }).waitFor();
      await page.keyboard.press("Space");
      const status = await untilStatus(page, /Finished/);
      const [, sharpness] = /sharpness ([\d.]+) against 2\/η = 8/.exec(status)!;
      expect(Number(sharpness)).toBeGreaterThan(8);

      const cwd = scratch();
      writeFileSync(path.join(cwd, "page.yaml"), await experimentFile(page));
      const { code, stderr } = await brink(cwd, ["run", "page.yaml"]);
      expect(code, stderr).toBe(0);
      const events = runFile(cwd, runFolders(cwd)[0]!, "events.jsonl")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, number | string>);
      const losses = await column(page, "loss", 1, "loss");
      const solved = await column(page, "sharpness", 1, "sharpness");
      const steps = events.filter(({ type }) => type === "step");
      expect(steps).toHaveLength(260);
      for (const { step, loss } of steps) expect(losses.get(step as number)).toBeCloseTo(loss as number, 9);
      const measured = events.filter(({ type }) => type === "measurement");
      expect(measured.length).toBeGreaterThan(12);
      for (const { step, sharpness: value } of measured) {
        expect(solved.get(step as number)).toBeCloseTo(value as number, 6);
      }
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "goes back to the same weights and batches, and forks with both curves kept",
    async () => {
      const { page, problems } = await open(
        "seed=3&rule=sgd&batch=5&lr=0.1&steps=40&every=10&k=1&landscape=0",
      );
      await press(page, "Run");
      await untilStatus(page, /Finished/);
      const before = await column(page, "loss", 1, "batch loss");
      expect(before.size).toBe(40);
      await page.getByLabel("Step to rewind to").fill("17");
      await press(page, "Rewind to");
      await untilStatus(page, /Paused at step 17 of 40/);
      await fill(page, "Learning rate η", "0.2");
      await untilStatus(page, /Fork goes on with them/);
      await press(page, "Fork");
      await untilStatus(page, /Finished: step 40/);
      const forked = await column(page, "loss", 2, "batch loss");
      expect([...forked.keys()][0]).toBe(18);
      expect(forked.get(18)).toBe(before.get(18));
      expect(forked.get(20)).not.toBe(before.get(20));

      await page.getByRole("button", { name: /^run 1: η = 0.1/ }).click();
      await expect.poll(() => page.getByLabel("Learning rate η", { exact: true }).inputValue()).toBe("0.1");
      await press(page, "Step");
      await untilStatus(page, /Paused at step 18/);
      await press(page, "Run");
      await untilStatus(page, /Finished: step 40/);
      expect(await column(page, "loss", 1, "batch loss")).toEqual(before);
      expect(await page.locator(".runs li").count()).toBe(2);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "finds the sharpness of SGD below that of gradient descent on images, and draws what it measured",
    async () => {
      const images =
        "data=synthetic-images&classes=4&size=6&n=200&widths=32&init=pytorch&gain=1&bias=yes&seed=0&lr=0.1&steps=200&every=50&k=1&tol=0.001&landscape=0";
      const { page, problems } = await open(`${images}&rule=sgd&batch=8&noise=1&bs=1`);
      await press(page, "Run");
      await untilStatus(page, /Finished/);
      await page.getByLabel("Optimiser", { exact: true }).selectOption("gd");
      await press(page, "New run");
      await untilStatus(page, /Finished/);
      const last = (values: Map<number, number>): number => [...values.values()].at(-1)!;
      const [sgd, gd] = [
        last(await column(page, "sharpness", 1, "sharpness")),
        last(await column(page, "sharpness", 2, "sharpness")),
      ];
      // 2/η = 20: gradient descent stands at it, batches of 8 far below.
      expect(gd).toBeGreaterThan(19);
      expect(sgd).toBeLessThan(15);
      for (const chart of ["loss", "sharpness", "batch-sharpness", "noise"]) {
        const svg = await saved(page, chart, "SVG");
        const broken = await page.evaluate(
          (text) =>
            new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")
              ?.textContent ?? null,
          svg,
        );
        expect(broken).toBeNull();
        expect(svg).toContain("<path");
      }
      await press(page, "Measure the spectrum here");
      await page.getByText("Spectrum of the Hessian at step 200").waitFor();
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "restores a link, and says in sentences what it cannot use",
    async () => {
      const { page, problems } = await open("lr=fast&nett=cnn&seed=7&loss=ce&data=gaussians&classes=3");
      const said = await page.locator(".status-warning").allTextContents();
      expect(said.join(" ")).toMatch(/lr: not a value it can have \(received "fast"/);
      expect(said.join(" ")).toContain('Did you mean "net"?');
      await fill(page, "Learning rate η", "0.05");
      await page.waitForFunction(() => location.hash.includes("lr=0.05"));
      const hash = await page.evaluate(() => location.hash);
      await page.reload();
      expect(await page.getByLabel("Learning rate η", { exact: true }).inputValue()).toBe("0.05");
      expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("7");
      expect(await page.getByLabel("Loss", { exact: true }).inputValue()).toBe("ce");
      expect(await page.evaluate(() => location.hash)).toBe(hash);
      await fill(page, "Steps", "-3");
      await page.waitForSelector(".field-problem");
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "trains on dropped files, refuses wrong ones, and survives its worker",
    async () => {
      const { page } = await open("seed=1&steps=6&every=3&k=1&widths=8&landscape=0&lr=0.01");
      const input = page.locator(".drop input");
      await input.setInputFiles({
        name: "holiday.png",
        mimeType: "image/png",
        buffer: Buffer.from([137, 80, 78, 71]),
      });
      await untilStatus(page, /holiday\.png: not a data file the page can read/);
      await input.setInputFiles({
        name: "data_batch_1.bin",
        mimeType: "",
        buffer: Buffer.alloc(3073 * 4 + 1),
      });
      await untilStatus(page, /truncated or wrong file/);
      const pixels = Buffer.from(
        Uint8Array.from({ length: 3073 * 12 }, (_, i) => (i % 3073 === 0 ? (i / 3073) % 10 : (i * 37) % 251)),
      );
      await input.setInputFiles({ name: "data_batch_1.bin", mimeType: "", buffer: pixels });
      await page.getByText("CIFAR-10: 12 examples").waitFor();
      await press(page, "Run");
      await untilStatus(page, /Finished: step 6/);
      expect(await page.locator(".machine").textContent()).toContain("12 examples of 3×32×32");

      await page.workers()[0]!.evaluate(() => {
        setTimeout(() => {
          throw new Error("out of luck");
        });
      });
      await untilStatus(page, /The worker stopped \(.*out of luck/);
      await page.getByLabel("Data", { exact: true }).selectOption("chebyshev");
      await press(page, "Run");
      await untilStatus(page, /Finished: step 6/);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "says that a run diverged and goes back to before it",
    async () => {
      const { page, problems } = await open("story=divergence&seed=0&lr=1.5&steps=300&every=1&landscape=0");
      await press(page, "Run");
      await untilStatus(page, /Diverged at step 4: the loss .* exceeded/);
      await page.keyboard.press("r");
      await untilStatus(page, /Paused at step 0/);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );
});
