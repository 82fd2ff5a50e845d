// A job for jobs.test.ts: does what its input says, with nothing but Node.
process.on("message", ({ type, input }) => {
  if (type === "stop") {
    process.send("stopping", () => process.disconnect());
    return;
  }
  if (input.crash !== undefined) {
    process.stderr.write("first\nsegmentation fault\n", () => process.exit(input.crash));
    return;
  }
  const count = (i) => {
    if (i < input.count) process.send(i, () => count(i + 1));
    else if (input.wait !== true) process.disconnect();
  };
  count(0);
});
