"""Many networks of one shape, trained side by side: every parameter has a leading axis of networks.

Activations of the convolutional nets are [batch, networks * channels, height, width] in channels-last memory, so that
pooling and batch normalization are PyTorch's own and a convolution of all networks is one grouped convolution.
"""

import math

import torch
import torch.nn.functional as F


class Im2ColConv(torch.autograd.Function):
    """The grouped convolution as one batched matrix product; quicker than cuDNN's where groups are many and small."""

    @staticmethod
    def forward(ctx, x, w, stride, padding):
        ctx.save_for_backward(x, w)
        ctx.geometry = stride, padding
        k, co, ci, kh, kw = w.shape
        cols, (b, ho, wo) = columns(x, k, kh, stride, padding)
        out = torch.bmm(cols, w.permute(0, 3, 4, 2, 1).reshape(k, kh * kw * ci, co))
        return from_networks(out, b, ho, wo)

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved_tensors
        stride, padding = ctx.geometry
        k, co, ci, kh, kw = w.shape
        cols, (b, ho, wo) = columns(x, k, kh, stride, padding)
        g = grad.permute(0, 2, 3, 1).contiguous().view(b * ho * wo, k, co).permute(1, 0, 2).contiguous()
        dw = torch.bmm(cols.transpose(1, 2), g).view(k, kh, kw, ci, co).permute(0, 4, 3, 1, 2)
        if not ctx.needs_input_grad[0]:
            return None, dw, None, None
        if stride == 1:
            flipped = w.flip(3, 4).transpose(1, 2)
            dx = Im2ColConv.apply(grad, flipped, 1, kh - 1 - padding)
            return dx, dw, None, None
        dcols = torch.bmm(g, w.permute(0, 3, 4, 2, 1).reshape(k, kh * kw * ci, co).transpose(1, 2))
        dcols = dcols.view(k, b, ho, wo, kh, kw, ci)
        h, width = x.shape[2:]
        dx = x.new_zeros(b, h + 2 * padding, width + 2 * padding, k, ci)
        for i in range(kh):
            for j in range(kw):
                target = dx[:, i : i + stride * ho : stride, j : j + stride * wo : stride]
                target += dcols[:, :, :, :, i, j].permute(1, 2, 3, 0, 4)
        dx = dx[:, padding : padding + h, padding : padding + width].reshape(b, h, width, k * ci)
        return dx.permute(0, 3, 1, 2), dw, None, None


def columns(x, k, size, stride, padding):
    b, kc, h, w = x.shape
    c = kc // k
    flat = x.permute(0, 2, 3, 1)
    if padding > 0:
        flat = F.pad(flat, (0, 0, padding, padding, padding, padding))
    flat = flat.contiguous()
    hp, wp = h + 2 * padding, w + 2 * padding
    ho, wo = (hp - size) // stride + 1, (wp - size) // stride + 1
    row, line = kc, wp * kc
    view = flat.as_strided(
        (k, b, ho, wo, size, size, c), (c, hp * line, stride * line, stride * row, line, row, 1)
    )
    return view.reshape(k, b * ho * wo, size * size * c), (b, ho, wo)


def from_networks(out, b, ho, wo):
    k, _, co = out.shape
    return out.view(k, b, ho, wo, co).permute(1, 2, 3, 0, 4).reshape(b, ho, wo, k * co).permute(0, 3, 1, 2)


def grouped_conv(x, w, stride, padding):
    k, co, ci, kh, kw = w.shape
    weight = w.reshape(k * co, ci, kh, kw).contiguous(memory_format=torch.channels_last)
    return F.conv2d(x, weight, stride=stride, padding=padding, groups=k)


def im2col_conv(x, w, stride, padding):
    return Im2ColConv.apply(x, w, stride, padding)


conv_of = {"grouped": grouped_conv, "searched": grouped_conv, "im2col": im2col_conv}


class Net:
    """Shapes of the parameters of one network, their order in a flat row, and the forward pass of many."""

    bn_momentum = 0.05
    bn_eps = 1e-3

    def __init__(self, task, conv="im2col"):
        self.task = task
        self.conv = conv
        self.shapes, self.kinds, self.bn = [], [], []
        self.describe()
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.stat_sizes = [c for c in self.bn for _ in range(2)]

    def add(self, kind, *shape):
        self.kinds.append(kind)
        self.shapes.append(shape)

    def initial(self, seed, device):
        """A flat row [parameters] of He-normal kernels; the same seed gives the same row."""
        generator = torch.Generator().manual_seed(1_000_003 * seed + 17)
        rows = []
        for kind, shape in zip(self.kinds, self.shapes):
            if kind == "kernel":
                # Truncated at two standard deviations and widened for it, as tfjs' heNormal.
                fan_in = math.prod(shape[1:]) if len(shape) == 4 else shape[0]
                value = torch.empty(shape)
                torch.nn.init.trunc_normal_(value, 0, 1, -2, 2, generator=generator)
                value *= math.sqrt(2 / fan_in) / 0.87962566103423978
            else:
                value = torch.full(shape, 1.0 if kind == "scale" else 0.0)
            rows.append(value.flatten())
        return torch.cat(rows).to(device)

    def initial_stats(self, device):
        return torch.cat([torch.cat([torch.zeros(c), torch.ones(c)]) for c in self.bn] or [torch.zeros(0)]).to(device)

    def decay_mask(self, device):
        rows = [torch.full((n,), 1.0 if kind == "kernel" else 0.0) for kind, n in zip(self.kinds, self.sizes)]
        return torch.cat(rows).to(device)

    def split(self, theta):
        return [part.view(-1, *shape) for part, shape in zip(theta.split(self.sizes, 1), self.shapes)]

    def split_stats(self, stats):
        return [part.reshape(-1) for part in stats.split(self.stat_sizes, 1)] if self.bn else []


class Mlp(Net):
    def describe(self):
        widths = [self.task["features"], *self.task["hidden"], self.task["classes"]]
        for before, after in zip(widths, widths[1:]):
            self.add("kernel", before, after)
            self.add("bias", after)

    def forward(self, params, stats, x, training):
        x = x.flatten(2)
        for i in range(0, len(params), 2):
            x = torch.baddbmm(params[i + 1][:, None], x, params[i])
            if i + 2 < len(params):
                x = F.relu(x)
        return x


class Cnn(Net):
    """The demo's: conv 8, pool, conv 16, pool, dense 64, dense."""

    def describe(self):
        self.add("kernel", 8, 1, 3, 3)
        self.add("bias", 8)
        self.add("kernel", 16, 8, 3, 3)
        self.add("bias", 16)
        self.add("kernel", 400, 64)
        self.add("bias", 64)
        self.add("kernel", 64, self.task["classes"])
        self.add("bias", self.task["classes"])

    def forward(self, params, stats, x, training):
        conv = conv_of[self.conv]
        x = to_channels_last(x)
        for i in (0, 2):
            x = conv(x, params[i], 1, 0) + params[i + 1].reshape(1, -1, 1, 1)
            # ReLU after the pool, which it commutes with, has a quarter of the work.
            x = F.relu(F.max_pool2d(x, 2))
        x = rows_of_networks(x, len(params[0]))
        x = F.relu(torch.baddbmm(params[5][:, None], x, params[4]))
        return torch.baddbmm(params[7][:, None], x, params[6])


class ResNet20(Net):
    """He et al. 2016, §4.2, at half the width: 8, 16, 32 channels; shortcuts by 1×1 convolutions."""

    widths = (8, 16, 32)

    def describe(self):
        self.plan = []
        self.unit(1, 8, 3)
        before = 8
        for stage, width in enumerate(self.widths):
            for block in range(3):
                stride = 2 if stage > 0 and block == 0 else 1
                self.unit(before, width, 3)
                self.unit(width, width, 3)
                if stride == 2:
                    self.unit(before, width, 1)
                self.plan.append(stride)
                before = width
        self.add("kernel", 32, self.task["classes"])
        self.add("bias", self.task["classes"])

    def unit(self, ci, co, size):
        self.add("kernel", co, ci, size, size)
        self.add("scale", co)
        self.add("bias", co)
        self.bn.append(co)

    def forward(self, params, stats, x, training):
        conv = conv_of[self.conv]
        weights, moments = iter(params), iter(stats)
        k = len(params[0])

        def unit(x, stride=1):
            w, scale, bias = next(weights), next(weights), next(weights)
            mean, variance = next(moments), next(moments)
            if w.shape[-1] == 1:
                x = x[:, :, ::stride, ::stride]
                x = conv(x.contiguous(memory_format=torch.channels_last), w, 1, 0)
            else:
                x = conv(x, w, stride, 1)
            momentum = self.bn_momentum if training is True else training
            return F.batch_norm(
                x, mean, variance, scale.reshape(-1), bias.reshape(-1), training is not False, momentum or 0.0, self.bn_eps
            )

        x = F.relu(unit(to_channels_last(x)))
        for stride in self.plan:
            inner = unit(F.relu(unit(x, stride)))
            x = F.relu(inner + (unit(x, stride) if stride == 2 else x))
        x = x.mean((2, 3)).view(x.shape[0], k, -1).permute(1, 0, 2)
        return torch.baddbmm(params[-1][:, None], x, params[-2])


def to_channels_last(x):
    """[networks, batch, 28, 28] to [batch, networks, 28, 28] in channels-last memory."""
    return x.permute(1, 2, 3, 0).contiguous().permute(0, 3, 1, 2)


def rows_of_networks(x, k):
    """[batch, networks * channels, h, w] to [networks, batch, h * w * channels]."""
    b, kc, h, w = x.shape
    return x.permute(0, 2, 3, 1).reshape(b, h * w, k, kc // k).permute(2, 0, 1, 3).reshape(k, b, -1)


def net_of(task, conv="im2col"):
    return {"mlp": Mlp, "cnn": Cnn, "resnet20": ResNet20}[task["net"]](task, conv)
