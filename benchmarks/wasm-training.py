"""The PyTorch side of wasm-training.mjs: reads "network batch steps", trains, answers with milliseconds for 1,000 images."""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(int(sys.argv[2]))
now = time.process_time if sys.argv[1] == "cpu" else time.perf_counter


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1:
            narrow = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(narrow, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class AveragePool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def resnet20():
    modules = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for block in range(3):
            stride = 2 if outputs > 16 and block == 0 else 1
            modules.append(Block(inputs, outputs, stride))
            inputs = outputs
    return nn.Sequential(*modules, AveragePool(), nn.Linear(64, 10)), (3, 32, 32)


def cnn():
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 10)),
    ), (1, 28, 28)


def mobile():
    return nn.Sequential(
        *(nn.Conv2d(16, 64, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU6()),
        *(nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False), nn.BatchNorm2d(64), nn.ReLU6()),
        *(nn.Conv2d(64, 24, 1, bias=False), nn.BatchNorm2d(24)),
        *(AveragePool(), nn.Linear(24, 10)),
    ), (16, 32, 32)


networks = {"cnn": cnn, "resnet20": resnet20, "mobile": mobile}
made = {}


def train(name, batch, steps):
    if name not in made:
        model, shape = networks[name]()
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        made[name] = model, optimizer, torch.randn(batch, *shape), torch.randint(0, 10, (batch,))
    model, optimizer, x, y = made[name]
    start = now()
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return (now() - start) / (steps * batch) * 1e6


for line in sys.stdin:
    if line.strip() == "version":
        print(torch.__version__, flush=True)
        continue
    name, batch, steps = line.split()
    print(train(name, int(batch), int(steps)), flush=True)
