"""The five models in PyTorch with the weights of tfjs, exported by torch.onnx: `/usr/bin/python3 torch_side.py FOLDER`

Debian's python3-torch; reads NAME.json of models.mjs, writes NAME-torch.onnx and NAME-torch.json (PyTorch's own answers).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Saved:
    """Weights of tfjs by name, in PyTorch's layouts."""

    def __init__(self, weights):
        self.arrays = {
            w["name"]: np.array(w["data"], dtype=np.float32).reshape(w["shape"]) for w in weights
        }

    def tensor(self, name, *axes):
        array = self.arrays[name]
        return torch.from_numpy(np.ascontiguousarray(array.transpose(axes) if axes else array))

    def convolution(self, name, stride=1):
        kernel = self.tensor(f"{name}/kernel", 3, 2, 0, 1)
        outputs, inputs, size, _ = kernel.shape
        bias = f"{name}/bias" in self.arrays
        module = nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=bias)
        module.weight.data = kernel
        if bias:
            module.bias.data = self.tensor(f"{name}/bias")
        return module

    def depthwise(self, name):
        kernel = self.tensor(f"{name}/depthwise_kernel", 2, 3, 0, 1)
        channels = kernel.shape[0]
        module = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        module.weight.data = kernel
        return module

    def norm(self, name):
        module = nn.BatchNorm2d(len(self.arrays[f"{name}/gamma"]), eps=1e-3)
        module.weight.data = self.tensor(f"{name}/gamma")
        module.bias.data = self.tensor(f"{name}/beta")
        module.running_mean = self.tensor(f"{name}/moving_mean")
        module.running_var = self.tensor(f"{name}/moving_variance")
        return module

    def normalized(self, name, stride=1):
        return nn.Sequential(self.convolution(name, stride), self.norm(f"{name}_norm"))

    def linear(self, name, rows=None):
        kernel = self.tensor(f"{name}/kernel", 1, 0)
        kernel = kernel if rows is None else kernel[:, rows]
        module = nn.Linear(kernel.shape[1], kernel.shape[0])
        module.weight.data = kernel.contiguous()
        module.bias.data = self.tensor(f"{name}/bias")
        return module


class Classes(nn.Module):
    """Mean over the image, a linear layer, softmax."""

    def __init__(self, saved):
        super().__init__()
        self.head = saved.linear("head")

    def forward(self, x):
        return functional.softmax(self.head(x.mean((2, 3))), -1)


class Block(nn.Module):
    def __init__(self, saved, name, stride):
        super().__init__()
        self.first = saved.normalized(f"{name}_first", stride)
        self.second = saved.normalized(f"{name}_second")
        narrow = f"{name}_shortcut"
        self.shortcut = nn.Identity() if stride == 1 else saved.normalized(narrow, stride)

    def forward(self, x):
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.shortcut(x))


class Mobile(nn.Module):
    def __init__(self, saved):
        super().__init__()
        self.widen = saved.normalized("widen")
        self.depthwise = nn.Sequential(saved.depthwise("depthwise"), saved.norm("depthwise_norm"))
        self.narrow = saved.normalized("narrow")
        self.head = Classes(saved)

    def forward(self, x):
        wide = functional.relu6(self.widen(x))
        return self.head(x + self.narrow(functional.relu6(self.depthwise(wide))))


class Tagger(nn.Module):
    def __init__(self, saved):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(saved.tensor("words/embeddings"))
        cells = [f"read/{side}_{cell_of(saved)}" for side in ("forward", "backward")]
        units = len(saved.arrays[f"{cells[0]}/recurrent_kernel"])
        self.read = nn.LSTM(64, units, batch_first=True, bidirectional=True)
        for cell, suffix in zip(cells, ("", "_reverse")):
            # tfjs and PyTorch order the gates alike: i f c o.
            parts = {"weight_ih": ("kernel", 1, 0), "weight_hh": ("recurrent_kernel", 1, 0)}
            for part, (name, *axes) in parts.items():
                getattr(self.read, f"{part}_l0{suffix}").data = saved.tensor(f"{cell}/{name}", *axes)
            getattr(self.read, f"bias_ih_l0{suffix}").data = saved.tensor(f"{cell}/bias")
            getattr(self.read, f"bias_hh_l0{suffix}").data.zero_()
        self.head = saved.linear("head")

    def forward(self, x):
        return functional.softmax(self.head(self.read(self.words(x))[0]), -1)


def cell_of(saved):
    """tfjs numbers the LSTM inside."""
    name = next(name for name in saved.arrays if name.startswith("read/forward_"))
    return name.split("/")[1][len("forward_") :]


def mlp(saved):
    return nn.Sequential(
        *(saved.linear("first"), nn.ReLU(), saved.linear("second"), nn.Tanh()),
        *(saved.linear("head"), nn.Softmax(-1)),
    )


def cnn(saved):
    # tfjs flattens height, width, channels; PyTorch channels, height, width.
    rows = np.arange(7 * 7 * 32).reshape(7, 7, 32).transpose(2, 0, 1).ravel()
    return nn.Sequential(
        *(saved.convolution("first"), nn.ReLU(), nn.MaxPool2d(2)),
        *(saved.convolution("second"), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), saved.linear("head", rows), nn.Softmax(-1)),
    )


def resnet20(saved):
    blocks = [
        Block(saved, f"block{stage}{block}", 2 if stage > 0 and block == 0 else 1)
        for stage in range(3)
        for block in range(3)
    ]
    return nn.Sequential(saved.normalized("stem"), nn.ReLU(), *blocks, Classes(saved))


models = {"mlp": mlp, "cnn": cnn, "resnet20": resnet20, "mobile": Mobile, "bilstm": Tagger}


def main(folder):
    torch.set_num_threads(1)
    for name, make in models.items():
        case = json.loads((folder / f"{name}.json").read_text())
        model = make(Saved(case["weights"])).eval()
        x = torch.tensor(case["inputs"]["data"]).reshape(case["inputs"]["shape"])
        x = x.permute(0, 3, 1, 2).contiguous() if x.dim() == 4 else x
        x = x.long() if name == "bilstm" else x
        with torch.no_grad():
            y = model(x)
        answer = {"shape": list(y.shape), "data": y.ravel().tolist()}
        (folder / f"{name}-torch.json").write_text(json.dumps(answer))
        torch.onnx.export(
            *(model, x, str(folder / f"{name}-torch.onnx")),
            opset_version=17,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "N"}, "y": {0: "N"}},
        )
    print(torch.__version__)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
