"""onnxruntime in Python on a graph, for runtime.mjs: reads lines `rows times` and answers each with milliseconds a run."""

import sys
import time

import numpy as np
import onnxruntime as ort

path, threads, shape = sys.argv[1], int(sys.argv[2]), [int(side) for side in sys.argv[3].split(",")]
options = ort.SessionOptions()
options.intra_op_num_threads = threads
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
name, output = session.get_inputs()[0].name, session.get_outputs()[0].name
for line in sys.stdin:
    rows, times = map(int, line.split())
    x = np.random.default_rng(0).random((rows, *shape), dtype=np.float32)
    start = time.perf_counter()
    for _ in range(times):
        session.run([output], {name: x})
    print((time.perf_counter() - start) * 1000 / times, flush=True)
