"""The scalar system of bench/simulate.ts in NumPy: all runs of all noise levels advance together, one array operation
after the other. Prints one JSON object: seconds of the loop on the clock and on the
processor, mean x^2 and y after burn-in per level, versions."""

import argparse
import json
import platform
import time

import numpy as np

# Steps whose noise is drawn at once: large enough that drawing costs nothing extra, small enough for the caches.
CHUNK = 64


def simulate(levels, runs, steps, burn_in, lr, beta, delta2, rng):
    scale = lr * np.repeat(np.sqrt(np.array(levels)), runs)
    lanes = scale.size
    x = np.ones(lanes)
    y = np.zeros(lanes)
    sums = np.zeros((10, lanes))
    noise = np.empty((CHUNK, lanes))
    for start in range(0, steps, CHUNK):
        count = min(CHUNK, steps - start)
        rng.standard_normal(out=noise)
        noise *= scale
        for k in range(count):
            x2 = x * x
            factor = -1.0 - lr * y
            y += (0.5 * lr * beta) * (delta2 - x2)
            x *= factor
            x -= noise[k]
            if start + k < burn_in:
                continue
            square = x * x
            yx = y * x
            sums[0] += x
            sums[1] += square
            sums[2] += square * x
            sums[3] += square * square
            sums[4] += y
            sums[5] += y * y
            sums[6] += yx
            sums[7] += yx * x
            sums[8] += yx * square
            sums[9] += yx * yx
    return sums.reshape(10, len(levels), runs).mean(axis=2) / (steps - burn_in)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=json.loads, default=[1, 10, 40])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=120_000)
    parser.add_argument("--burn-in", type=int, default=40_000)
    options = parser.parse_args()
    rng = np.random.Generator(np.random.SFC64(0))
    begin = time.perf_counter()
    used = time.process_time()
    means = simulate(options.levels, options.runs, options.steps, options.burn_in, 0.01, 1.0, 0.5, rng)
    seconds = time.perf_counter() - begin
    cpu = time.process_time() - used
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "x2": means[1].tolist(),
                "y": means[4].tolist(),
                "python": platform.python_version(),
                "numpy": np.__version__,
            }
        )
    )


main()
