"""Asks a server for what a bundle's smoke test asks, and compares."""

import json
import urllib.error
import urllib.request

import numpy as np


def post(url, body, timeout=60):
    """Status and parsed answer."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def smoke_of(bundle):
    """Request and expected answer of a bundle, whether it is flat or in a revision's folder."""
    folder = next(bundle.glob("**/smoke"))
    return json.loads((folder / "request.json").read_text()), json.loads((folder / "expected.json").read_text())


def rows_of(request, rows):
    """The request with these rows only, repeated and reordered as they are listed."""
    inputs = []
    for tensor in request["inputs"]:
        values = np.array(tensor["data"]).reshape(tensor["shape"])[rows]
        inputs.append({**tensor, "shape": list(values.shape), "data": values.ravel().tolist()})
    return {"inputs": inputs}


def agrees(url, bundle, rows=None):
    """The answer is the expected one, output by output; of some rows, where they are listed."""
    request, expected = smoke_of(bundle)
    names = [{"name": output["name"]} for output in expected["outputs"]]
    asked = request if rows is None else rows_of(request, rows)
    status, answer = post(url, {**asked, "outputs": names})
    assert status == 200, (status, answer)
    same(answer, expected, rows)


def same(answer, expected, rows=None):
    came = {output["name"]: output for output in answer["outputs"]}
    allowed = expected["parameters"]
    for output in expected["outputs"]:
        want = np.array(output["data"], float).reshape(output["shape"])
        want = want if rows is None else want[rows]
        found = came[output["name"]]
        assert found["datatype"] == output["datatype"], (output["name"], found["datatype"])
        assert list(found["shape"]) == list(want.shape), (output["name"], found["shape"])
        values = np.array(found["data"], float).reshape(want.shape)
        np.testing.assert_allclose(values, want, atol=allowed["absolute"], rtol=allowed["relative"], err_msg=output["name"])
