#!/usr/bin/env python3
"""Times fieldmirror's detectors beside PyTorch, ONNX Runtime and scikit-learn.

One machine, one run, the same rows, the same network, the same number of threads. Sets itself up:
a virtual environment in the cache folder, packages by pip, our side by cargo. See README.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PACKAGES = ["numpy", "onnx", "onnxruntime", "scikit-learn", "torch"]
ROOT = Path(__file__).resolve().parents[2]
WINDOW, CHANNELS, HIDDEN, MIDDLE = 32, 8, 64, 16
INPUTS = WINDOW * CHANNELS
BATCH, RATE, DECAY = 256, 1e-3, 1e-4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of 8 channels")
    parser.add_argument("--steps", type=int, default=1_000, help="training steps of one timing")
    parser.add_argument("--forest-rows", type=int, default=200_000)
    parser.add_argument("--threads", type=int, default=2, help="for the networks")
    parser.add_argument("--repeats", type=int, default=5, help="timings of each, in turns")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--pip", action="append", default=[], help="further argument for pip")
    return parser.parse_args()


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "fieldmirror-side-by-side"


def set_up(extra):
    """Runs this script again inside its own environment, made if it is not there."""
    folder = cache()
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not (folder / "ready").exists():
        print(f"setting up {folder} (once)", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *extra, *PACKAGES], check=True)
        (folder / "ready").touch()
    os.execv(python, [str(python), __file__, *sys.argv[1:]])


def build():
    """Builds our side and gives the path of its program."""
    command = ["cargo", "bench", "--quiet", "-p", "fieldmirror-analytics", "--bench",
               "side_by_side", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "side_by_side":
            return message["executable"]
    raise SystemExit("cargo built no program `side_by_side`")


def make_rows(count):
    """Standardised rows: sines that share causes, with noise."""
    import numpy as np

    draws = np.random.default_rng(1)
    time_of_row = np.arange(count)[:, None]
    rows = np.sin(0.02 * time_of_row * (1 + np.arange(CHANNELS)) / 3 + np.arange(CHANNELS))
    rows = rows + 0.3 * draws.standard_normal((count, CHANNELS))
    return ((rows - rows.mean(0)) / rows.std(0)).astype(np.float32)


class Ours:
    """One measurement of our program."""

    def __init__(self, program, path, what, count, threads):
        self.command = [program, path, what, str(count), str(threads)]

    def __call__(self):
        done = subprocess.run(self.command, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)["per_second"]


def network():
    from torch import nn

    return nn.Sequential(
        nn.Linear(INPUTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, MIDDLE), nn.Tanh(),
        nn.Linear(MIDDLE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, INPUTS))


class TorchTraining:
    """AdamW on random windows, which are gathered from a strided view of the rows."""

    def __init__(self, rows, steps, threads, loss):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.steps = torch, steps
        flat = torch.from_numpy(rows).reshape(-1)
        count = len(rows) - WINDOW + 1
        self.windows = flat.as_strided((count, INPUTS), (CHANNELS, 1))
        self.loss = {"huber": torch.nn.functional.huber_loss,
                     "mse": torch.nn.functional.mse_loss}[loss]

    def __call__(self):
        torch = self.torch
        torch.manual_seed(1)
        model = network()
        optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
        order = torch.randint(0, len(self.windows), (self.steps + 50, BATCH))
        for step, chosen in enumerate(order):
            if step == 50:
                start = time.perf_counter()
            batch = self.windows[chosen]
            optimizer.zero_grad(set_to_none=True)
            self.loss(model(batch), batch).backward()
            optimizer.step()
        return self.steps * BATCH / (time.perf_counter() - start)


def onnx_dense(columns):
    """The network as ONNX; its last layer gives the last `columns` outputs."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    draws = np.random.default_rng(2)
    widths = [INPUTS, HIDDEN, MIDDLE, HIDDEN, columns]
    nodes, initializers, last = [], [], "x"
    for i, activation in enumerate(["Relu", "Tanh", "Relu", None]):
        shape = (widths[i], widths[i + 1])
        weights = (draws.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
        bias = np.zeros(shape[1], np.float32)
        initializers += [numpy_helper.from_array(weights, f"w{i}"),
                         numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"s{i}"]))
        last = f"s{i}"
        if activation:
            nodes.append(helper.make_node(activation, [last], [f"a{i}"]))
            last = f"a{i}"
    return nodes, initializers, last, [None, INPUTS], [None, columns]


def onnx_convolution():
    """The same network over a series: a convolution as long as the window, then four of length 1."""
    import numpy as np
    from onnx import helper, numpy_helper

    draws = np.random.default_rng(2)
    widths = [CHANNELS, HIDDEN, MIDDLE, HIDDEN, CHANNELS]
    nodes, initializers, last = [], [], "x"
    for i, activation in enumerate(["Relu", "Tanh", "Relu", None]):
        length = WINDOW if i == 0 else 1
        shape = (widths[i + 1], widths[i], length)
        weights = draws.standard_normal(shape) / np.sqrt(widths[i] * length)
        initializers += [numpy_helper.from_array(weights.astype(np.float32), f"w{i}"),
                         numpy_helper.from_array(np.zeros(shape[0], np.float32), f"b{i}")]
        nodes.append(helper.make_node("Conv", [last, f"w{i}", f"b{i}"], [f"s{i}"]))
        last = f"s{i}"
        if activation:
            nodes.append(helper.make_node(activation, [last], [f"a{i}"]))
            last = f"a{i}"
    return nodes, initializers, last, [1, CHANNELS, None], [1, CHANNELS, None]


def session(parts, threads):
    import onnxruntime
    from onnx import TensorProto, helper

    nodes, initializers, last, inputs, outputs = parts
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, outputs)], initializers)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class OnnxDense:
    """Windows in blocks, one window a row. Building windows is timed only if `copies`."""

    BLOCK = 4_096

    def __init__(self, rows, threads, columns, copies):
        import numpy as np

        self.numpy, self.copies = np, copies
        self.count = len(rows) - WINDOW + 1
        self.windows = np.lib.stride_tricks.as_strided(
            rows, (self.count, INPUTS), (rows.strides[0], rows.strides[1]))
        self.session = session(onnx_dense(columns), threads)

    def __call__(self):
        spent = 0.0
        for first in range(0, self.count, self.BLOCK):
            start = time.perf_counter()
            block = self.numpy.ascontiguousarray(self.windows[first:first + self.BLOCK])
            if not self.copies:
                start = time.perf_counter()
            self.session.run(None, {"x": block})
            spent += time.perf_counter() - start
        return self.count / spent


class OnnxConvolution:
    """No window is built: the first layer is a convolution over the series."""

    BLOCK = 4_096

    def __init__(self, rows, threads):
        import numpy as np

        self.series = np.ascontiguousarray(rows.T)[None]
        self.count = len(rows) - WINDOW + 1
        self.numpy = np
        self.session = session(onnx_convolution(), threads)

    def __call__(self):
        spent = 0.0
        for first in range(0, self.count, self.BLOCK):
            until = min(first + self.BLOCK, self.count) + WINDOW - 1
            block = self.numpy.ascontiguousarray(self.series[:, :, first:until])
            start = time.perf_counter()
            self.session.run(None, {"x": block})
            spent += time.perf_counter() - start
        return self.count / spent


class Forest:
    """scikit-learn's isolation forest, one thread."""

    def __init__(self, rows):
        from sklearn.ensemble import IsolationForest

        self.rows = rows
        self.forest = IsolationForest(n_estimators=100, random_state=1).fit(rows)

    def __call__(self):
        start = time.perf_counter()
        self.forest.score_samples(self.rows)
        return len(self.rows) / (time.perf_counter() - start)


def plan(options, rows, path, program):
    """Names of what is timed and how, in groups: ours first, then the others."""
    threads, steps = options.threads, options.steps
    forest = rows[:options.forest_rows]

    def ours(what, count, threads):
        return Ours(program, path, what, count, threads)

    def training(loss):
        return TorchTraining(rows, steps, threads, loss)

    return [
        ("dense autoencoder, training, windows/s", threads, 1.0, [
            ("fieldmirror", ours("dense_training", steps, threads)),
            ("PyTorch, Huber loss", training("huber")),
            ("PyTorch, squared loss", training("mse"))]),
        ("dense autoencoder, a window a row, rows/s", threads, 1.0, [
            ("fieldmirror", ours("dense_scoring", len(rows), threads)),
            ("ONNX Runtime, whole window rebuilt",
             OnnxDense(rows, threads, INPUTS, copies=False)),
            ("ONNX Runtime, the same, windows built in time",
             OnnxDense(rows, threads, INPUTS, copies=True)),
            ("ONNX Runtime, newest row rebuilt", OnnxDense(rows, threads, CHANNELS, copies=False)),
            ("ONNX Runtime, newest row, as a convolution", OnnxConvolution(rows, threads))]),
        ("isolation forest of 100 trees, rows/s", 1, 3.0, [
            ("fieldmirror", ours("isolation_forest", len(forest), 1)),
            ("scikit-learn", Forest(forest))]),
        ("vector autoregression, rows/s", 1, None,
         [("fieldmirror", ours("var", len(rows), 1))]),
        ("Mahalanobis, rows/s", 1, None,
         [("fieldmirror", ours("mahalanobis", len(rows), 1))]),
    ]


def machine():
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [x.split(":", 1)[1].strip() for x in info.read_text().splitlines()
                 if x.startswith("model name")]
        name = names[0] if names else name
    return {"processor": name, "cores": os.cpu_count(), "system": platform.platform()}


def versions():
    from importlib.metadata import version

    found = {package: version(package) for package in PACKAGES}
    found["python"] = platform.python_version()
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True)
    found["rustc"] = rustc.stdout.strip()
    return found


def main():
    options = arguments()
    set_up(options.pip)
    program = build()
    rows = make_rows(options.rows)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.f32")
        rows.tofile(path)
        load_before = os.getloadavg()
        results = []
        for title, threads, goal, entries in plan(options, rows, path, program):
            # In turns, so that what else the machine does hits all of them alike.
            timings = {name: [] for name, _ in entries}
            for _ in range(options.repeats):
                for name, measure in entries:
                    timings[name].append(measure())
            ours = statistics.median(timings["fieldmirror"])
            print(f"\n{title} ({threads} thread{'s' if threads > 1 else ''}; median of "
                  f"{options.repeats}, least to most)")
            for name, values in timings.items():
                middle = statistics.median(values)
                times = "" if name == "fieldmirror" else f"   ours is {ours / middle:5.2f} times"
                print(f"  {name:<48}{middle / 1e6:9.3f} M "
                      f"({min(values) / 1e6:.3f} to {max(values) / 1e6:.3f}){times}")
            results.append({"title": title, "threads": threads, "goal": goal, "timings": timings})
        report = {"machine": machine(), "versions": versions(), "load_before": load_before,
                  "load_after": os.getloadavg(), "rows": options.rows, "steps": options.steps,
                  "batch": BATCH, "results": results}
    print("\n" + json.dumps({k: report[k] for k in ("machine", "versions", "load_before",
                                                     "load_after")}, indent=1))
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
