#!/usr/bin/env python3
"""PyTorch and SciPy timings of the operations Brink's engine benchmark measures.

One shot:   torch_peer.py --threads 2 --only gradient,hvp --repeats 5
            prints one JSON line {"threads": …, "gradient": median ms, "hvp": median ms, …}.
Served:     torch_peer.py --threads 2 --serve
            prints one line of versions, then answers each line {"what": "gradient", "repeats": 3} on standard
            input with one line {"what": "gradient", "times": [ms, …]}, so that the caller can alternate these
            measurements with its own in one run.  {"what": "load", "dir": D} replaces the random inputs by the
            caller's; {"what": "check", "net": "fc"} returns loss and derivative norms for comparison.

The networks (3072-200-200-10 tanh; two 3x3 convolutions of 32 channels with max pooling and one linear layer),
the loss (half the squared error summed over outputs, averaged over examples) and the recipes for Hessian
products (double backward, 1,000 examples at a time, every vector crossing between NumPy and PyTorch) and for
sharpness (scipy.sparse.linalg.eigsh with its defaults) are those of Cohen et al. 2021, "Gradient descent on
neural networks typically occurs at the edge of stability"; PyTorch's own defaults give the initialisation.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

# Before NumPy and PyTorch load: OpenBLAS and OpenMP read these once.
_EARLY = argparse.ArgumentParser(add_help=False)
_EARLY.add_argument("--threads", type=int, default=os.cpu_count() or 1)
_THREADS = _EARLY.parse_known_args()[0].threads
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = str(_THREADS)

import numpy as np  # noqa: E402
import scipy  # noqa: E402
import torch  # noqa: E402
from scipy.sparse.linalg import LinearOperator, eigsh  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils import parameters_to_vector, vector_to_parameters  # noqa: E402

PIXELS, CLASSES, IMAGE = 3072, 10, (3, 32, 32)


def fully_connected():
    return nn.Sequential(
        nn.Linear(PIXELS, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, CLASSES)
    )


def convolutional():
    return nn.Sequential(
        nn.Unflatten(1, IMAGE),
        nn.Conv2d(3, 32, 3, padding=1),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.Tanh(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2048, CLASSES),
    )


def half_squared_error(outputs, targets):
    """Summed over outputs and examples; callers divide by the number of examples."""
    return 0.5 * ((outputs - targets) ** 2).sum()


class Bench:
    """Inputs, two networks and the measurements. Every `measure_*` returns a list of times in ms."""

    def __init__(self, n, batch, chunk, lr, seed):
        torch.manual_seed(seed)
        self.batch, self.chunk, self.lr = batch, chunk, lr
        self.x = torch.randn(n, PIXELS)
        self.y = torch.eye(CLASSES)[torch.randint(CLASSES, (n,))]
        self.nets = {"fc": fully_connected(), "cnn": convolutional()}
        self.generator = torch.Generator().manual_seed(seed)
        self.order, self.position = None, 0

    @property
    def n(self):
        return self.x.shape[0]

    def load(self, folder):
        """x.f32 (n by 3072), y.f32 (n by 10) and, when present, fc.f32 and cnn.f32 (flat parameters)."""

        def read(name):
            return torch.from_numpy(np.fromfile(os.path.join(folder, name), dtype="<f4"))

        self.x = read("x.f32").reshape(-1, PIXELS)
        self.y = read("y.f32").reshape(-1, CLASSES)
        self.order = None
        for name, net in self.nets.items():
            if os.path.exists(os.path.join(folder, f"{name}.f32")):
                with torch.no_grad():
                    vector_to_parameters(read(f"{name}.f32"), net.parameters())
        return {"n": self.n}

    def chunks(self, chunk):
        return zip(self.x.split(chunk), self.y.split(chunk))

    def gradient(self, net, chunk):
        """Full-batch loss and gradient, `chunk` examples at a time."""
        parameters = list(net.parameters())
        total, loss = None, 0.0
        for x, y in self.chunks(chunk):
            value = half_squared_error(net(x), y) / self.n
            parts = torch.autograd.grad(value, parameters)
            total = parts if total is None else [a + b for a, b in zip(total, parts)]
            loss += value.item()
        return loss, parameters_to_vector([g.contiguous() for g in total])

    def product(self, net, vector):
        """Hessian times vector by double backward, summed over chunks of examples."""
        parameters = list(net.parameters())
        total = torch.zeros_like(vector)
        for x, y in self.chunks(self.chunk):
            loss = half_squared_error(net(x), y) / self.n
            gradients = torch.autograd.grad(loss, parameters, create_graph=True)
            along = parameters_to_vector(gradients).mul(vector).sum()
            parts = torch.autograd.grad(along, parameters)
            total += parameters_to_vector([p.contiguous() for p in parts])
        return total

    def probe(self, net):
        size = sum(p.numel() for p in net.parameters())
        vector = torch.randn(size, generator=self.generator)
        return vector / vector.norm()

    def check(self, name):
        """Numbers another implementation must reproduce at the same inputs: L, |g|, g'Hg / |g|^2."""
        net = self.nets[name]
        loss, gradient = self.gradient(net, self.chunk)
        curvature = gradient.dot(self.product(net, gradient)) / gradient.dot(gradient)
        return {"loss": loss, "gradNorm": gradient.norm().item(), "curvature": curvature.item()}

    def timed(self, repeats, action):
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            action()
            times.append(1e3 * (time.perf_counter() - start))
        return times

    def measure_gradient(self, repeats):
        # One pass over all n: faster here than chunks, so this is the peer at its best.
        return {"times": self.timed(repeats, lambda: self.gradient(self.nets["fc"], self.n))}

    def measure_hvp(self, repeats):
        vector = self.probe(self.nets["fc"])
        return {"times": self.timed(repeats, lambda: self.product(self.nets["fc"], vector))}

    def measure_cnnGradient(self, repeats):
        return {"times": self.timed(repeats, lambda: self.gradient(self.nets["cnn"], self.chunk))}

    def measure_cnnHvp(self, repeats):
        vector = self.probe(self.nets["cnn"])
        return {"times": self.timed(repeats, lambda: self.product(self.nets["cnn"], vector))}

    def measure_sgdStep(self, repeats, steps=25):
        """Mean ms per step over blocks of `steps`: next indices of the epoch, gather, gradient, update."""
        net = self.nets["fc"]
        parameters = list(net.parameters())
        before = parameters_to_vector(parameters).detach().clone()

        def block():
            for _ in range(steps):
                if self.order is None or self.position + self.batch > self.n:
                    self.order, self.position = torch.randperm(self.n, generator=self.generator), 0
                index = self.order[self.position : self.position + self.batch]
                self.position += self.batch
                loss = half_squared_error(net(self.x[index]), self.y[index]) / self.batch
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients):
                        parameter.sub_(gradient, alpha=self.lr)

        times = [t / steps for t in self.timed(repeats, block)]
        with torch.no_grad():  # leave the point at which the other measurements are taken
            vector_to_parameters(before, parameters)
        return {"times": times, "steps": steps}

    def measure_sharpness(self, repeats):
        """eigsh at its defaults (largest magnitude, machine tolerance, cold start), k = 1, at the current point."""
        net = self.nets["fc"]
        size = sum(p.numel() for p in net.parameters())
        counts, values = [], []

        def solve():
            count = 0

            def matvec(v):
                nonlocal count
                count += 1
                vector = torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32).ravel())
                return self.product(net, vector).numpy()

            operator = LinearOperator((size, size), matvec=matvec, dtype=np.float32)
            values.append(float(eigsh(operator, k=1, return_eigenvectors=True)[0][0]))
            counts.append(count)

        times = self.timed(repeats, solve)
        return {"times": times, "products": counts, "values": values}

    def measure_matmul(self, repeats):
        a, b = torch.randn(5000, PIXELS), torch.randn(PIXELS, 200)
        return {"times": self.timed(repeats, lambda: a @ b), "flops": 2 * 5000 * PIXELS * 200}


MEASUREMENTS = [name[len("measure_") :] for name in dir(Bench) if name.startswith("measure_")]


def blas_in_use():
    """File name of the BLAS mapped into this process: timings with a reference BLAS mean nothing."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            names = {os.path.basename(line.split()[-1]) for line in maps if "blas" in line.lower()}
    except OSError:
        return "unknown"
    optimised = sorted(name for name in names if "openblas" in name or "blis" in name)
    return (optimised or sorted(names) or ["built in"])[0]


def description():
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "scipy": scipy.__version__,
        "numpy": np.__version__,
        "blas": blas_in_use(),
        "threads": torch.get_num_threads(),
    }


def answer(bench, request):
    what = request.get("what")
    if what == "load":
        return {"what": what, **bench.load(request["dir"])}
    if what == "check":
        return {"what": what, **bench.check(request["net"])}
    if what in MEASUREMENTS:
        return {"what": what, **getattr(bench, f"measure_{what}")(int(request.get("repeats", 1)))}
    allowed = ", ".join(["load", "check", *MEASUREMENTS])
    return {"what": what, "error": f"unknown measurement {what!r}; allowed: {allowed}"}


def serve(bench):
    print(json.dumps(description()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            reply = answer(bench, json.loads(line))
        except Exception as error:  # the caller prints it; this process must keep answering
            reply = {"what": None, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default=",".join(MEASUREMENTS), help="comma-separated: " + ", ".join(MEASUREMENTS))
    parser.add_argument("--n", type=int, default=5000, help="examples")
    parser.add_argument("--batch", type=int, default=50, help="examples per SGD step")
    parser.add_argument("--chunk", type=int, default=1000, help="examples per double-backward pass")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--warmup", type=int, default=2, help="untimed repeats before each measurement")
    parser.add_argument("--repeats", type=int, default=7, help="timed repeats (sharpness: always one)")
    parser.add_argument("--data", help="folder with x.f32, y.f32[, fc.f32, cnn.f32] instead of random inputs")
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input")
    options = parser.parse_args()
    wanted = options.only.split(",")
    for name in wanted:
        if name not in MEASUREMENTS:
            parser.error(f"unknown measurement {name!r}; allowed: {', '.join(MEASUREMENTS)}")
    torch.set_num_threads(options.threads)
    bench = Bench(options.n, options.batch, options.chunk, options.lr, options.seed)
    if options.data:
        bench.load(options.data)
    if options.serve:
        return serve(bench)
    result = {**description(), "n": bench.n}
    for name in wanted:
        once = name == "sharpness"  # tens of products, each a full double backward
        if not once:
            answer(bench, {"what": name, "repeats": options.warmup})
        reply = answer(bench, {"what": name, "repeats": 1 if once else options.repeats})
        result[name] = round(statistics.median(reply["times"]), 3)
        if once:
            result["sharpnessProducts"], result["sharpnessValue"] = reply["products"][0], reply["values"][0]
        if name == "matmul":
            result["matmulGflops"] = round(reply["flops"] / result[name] / 1e6, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
