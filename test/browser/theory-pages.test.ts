// The simulator and the orbits page in Chromium: their numbers, their links, and what cannot be done.
import { expect, it } from "vitest";
import { describeSite } from "./launch.ts";
import { fill, saved, untilStatus } from "./playground-page.ts";

describeSite("the theory pages", (open) => {
  it("simulates the gap, follows a slider, and says that a run blew up", async () => {
    const { page, problems } = await open("simulator.html#noise=20&seed=0");
    const status = await untilStatus(page, /Simulated gap/);
    const [, gap, error, formula] = /= ([\d.]+) ± ([\d.]+); the formula says ([\d.]*\d)/
      .exec(status)!
      .map(Number);
    expect(Math.abs(gap! - formula!)).toBeLessThan(5 * error! + 0.02);
    expect((await saved(page, "gap", "CSV")).split("\n")[0]).toBe("run,label,series,step,x,y,low,high");
    await page.getByLabel("Learning rate η, slider").fill("0.5");
    await untilStatus(page, /Blown up at step \d+/);
    await page.waitForFunction(() => location.hash.includes("eta=0.5"));
    await fill(page, "Learning rate η", "none");
    await page.waitForSelector(".field-problem");
    expect(problems).toEqual([]);
    await page.context().close();
  }, 200_000);

  it("finds orbits of both kinds, and says where there is none", async () => {
    const { page, problems } = await open(
      "orbits.html#landscape=cosine&lr=2.1&offset=0.3&towards=2.8&nonsense=1",
    );
    expect(await page.locator(".status-warning").textContent()).toContain("nonsense");
    const status = await untilStatus(page, /half-amplitude/);
    const a = Number(/half-amplitude ([\d.]+)/.exec(status)![1]);
    expect(2 * a).toBeCloseTo(2.1 * Math.sin(a), 2);
    expect(status).toContain("stable");
    await page.getByLabel("Landscape", { exact: true }).selectOption("subcritical");
    await untilStatus(page, /half-amplitude [\d.]+, losses .* unstable/);
    await page.getByLabel("Landscape", { exact: true }).selectOption("product");
    await fill(page, "Learning rate η", "0.9");
    await untilStatus(page, /No orbit of period two was found at η = 0.9/);
    expect(problems).toEqual([]);
    await page.context().close();
  }, 200_000);
});
