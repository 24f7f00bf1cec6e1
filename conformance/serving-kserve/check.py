"""Asks a running server with KServe's own clients, REST and gRPC, and compares with what NumPy computed. `python check.py quick|long`

In a group of its own: its client and Triton's want different versions of protobuf."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import kserve
import numpy as np

SERVING = Path(__file__).parent.parent / "serving"
EXPECTED = json.loads((SERVING / "golden" / "tiny.expected.json").read_text())
# float32 arithmetic against NumPy's float64.
TOLERANCE = 2e-6


def request(binary):
    x = np.array(EXPECTED["x"], np.float32)
    given = kserve.InferInput("x", list(x.shape), "FP32")
    given.set_data_from_numpy(x, binary_data=binary)
    return kserve.InferRequest("tiny", [given])


def close(response, shift=0.0):
    """Whether every output is what NumPy computed; `shift` is the fault that must be caught."""
    expected = {name: np.array(values) for name, values in EXPECTED.items()}
    return len(response.outputs) == 4 and all(
        np.abs(output.as_numpy().reshape(expected[output.name].shape) + shift - expected[output.name]).max() < TOLERANCE
        for output in response.outputs
    )


async def rest(base, results):
    client = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2"))
    results["rest health"] = (
        await client.is_server_live(base) and await client.is_server_ready(base) and await client.is_model_ready(base, "tiny")
    )
    for binary in (False, True):
        response = await client.infer(base, request(binary), model_name="tiny")
        results[f"rest infer {'binary' if binary else 'JSON'}"] = close(response)
        results[f"planted fault {'binary' if binary else 'JSON'}"] = not close(response, 1e-3)
    await client.close()


async def over_grpc(address, results):
    client = kserve.InferenceGRPCClient(address)
    results["grpc health"] = (
        await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("tiny")
    )
    results["grpc infer"] = close(await client.infer(request(True)))
    await client.close()


def main():
    command = ["node", str(SERVING / "serve.mjs"), f"tiny={SERVING / 'golden' / 'tiny'}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if len(line) != 2:
        raise SystemExit("the server did not start. Build it first: npm run build")
    results = {}
    asyncio.run(rest(line[0], results))
    asyncio.run(over_grpc(line[1], results))
    process.stdin.close()
    results["the server ended"] = process.wait(timeout=60) == 0
    for name, passed in results.items():
        print(f"{'ok' if passed else 'FAILED'} {name}")
    failed = sum(not passed for passed in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
