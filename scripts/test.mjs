// `npm test`: everything that must hold. Types, lint, format, then all tests; arguments go to vitest as filters.
// Ends with one line, `N passed, N failed, N skipped`, in which each of the three checks counts as a test.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  checkNode,
  ensureBrowser,
  ensureBuilt,
  ensureInstalled,
  ensureSite,
  main,
  root,
  runNode,
} from "./setup.mjs";

const bin = (...parts) => path.join(root, "node_modules", ...parts);
const checks = [
  { name: "types", args: [bin("typescript", "bin", "tsc"), "-b"] },
  { name: "lint", args: [bin("oxlint", "bin", "oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "format", args: [bin("oxfmt", "bin", "oxfmt"), "--check"] },
];

/** Counts of a vitest JSON report. A file that did not load, or an error outside a test, is a failure too. */
export function countTests(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  let failed = report.numFailedTests + brokenFiles;
  if (!report.success && failed === 0) failed = 1;
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}

async function runVitest(filters) {
  const folder = mkdtempSync(path.join(tmpdir(), "brink-test-"));
  const output = path.join(folder, "vitest.json");
  try {
    const code = await runNode([
      bin("vitest", "vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${output}`,
      ...filters,
    ]);
    const counts = countTests(JSON.parse(readFileSync(output, "utf8")));
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch (error) {
    process.stderr.write(`vitest left no report: ${error.message}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Imported by its own test; only as a command does it run anything.
if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(async () => {
    checkNode();
    ensureInstalled();
    ensureBrowser();
    const failedChecks = [];
    for (const { name, args } of checks) {
      const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
      if (status !== 0) failedChecks.push(name);
      process.stdout.write(`${name}: ${status === 0 ? "ok" : "FAILED"}\n`);
    }
    // The end-to-end tests start `./brink`; building here keeps their first call from paying for it.
    if (!failedChecks.includes("types")) await ensureBuilt("src/cli", ["src"]);
    if (!failedChecks.includes("types")) await ensureSite();
    const tests = await runVitest(process.argv.slice(2));
    const passed = tests.passed + checks.length - failedChecks.length;
    const failed = tests.failed + failedChecks.length;
    if (failedChecks.length > 0) process.stdout.write(`failed checks: ${failedChecks.join(", ")}\n`);
    process.stdout.write(`${passed} passed, ${failed} failed, ${tests.skipped} skipped\n`);
    return failed === 0 ? 0 : 1;
  });
}
