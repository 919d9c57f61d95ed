"""The target ``torch``: one line a concept, names and options as in ``reference``.

A file of your own looks just like this one.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention

FRAMEWORK = "torch"


# -- arithmetic
add, subtract, multiply, divide, pow = torch.add, torch.sub, torch.mul, torch.div, torch.pow
abs, square, reciprocal = torch.abs, torch.square, torch.reciprocal
exp, exp2, expm1, log, log2, log1p = torch.exp, torch.exp2, torch.expm1, torch.log, torch.log2, torch.log1p
sqrt, erf, erfc, sin, cos = torch.sqrt, torch.erf, torch.erfc, torch.sin, torch.cos
nextafter = torch.nextafter


def round_to(x: Any, *, dtype: Any) -> Any:
    return x.to(getattr(torch, dtype)).to(x.dtype)


# -- reductions
def sum(x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    return torch.sum(x, dim=axis, keepdim=keepdims)


def mean(x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    return torch.mean(x, dim=axis, keepdim=keepdims)


def cumsum(x: Any, *, axis: Any) -> Any:
    return torch.cumsum(x, dim=axis)


def prod(x: Any, *, axis: Any, keepdims: Any = False) -> Any:
    if isinstance(axis, tuple):  # torch.prod takes one axis at a time
        for k in sorted((a % x.ndim for a in axis), reverse=True):
            x = torch.prod(x, dim=k, keepdim=keepdims)
        return x
    return torch.prod(x, dim=axis, keepdim=keepdims)


def var(x: Any, *, axis: Any = None, correction: Any = 0.0, keepdims: Any = False) -> Any:
    return torch.var(x, dim=axis, correction=correction, keepdim=keepdims)


def std(x: Any, *, axis: Any = None, correction: Any = 0.0, keepdims: Any = False) -> Any:
    return torch.std(x, dim=axis, correction=correction, keepdim=keepdims)


def logsumexp(x: Any, *, axis: Any = -1, keepdims: Any = False) -> Any:
    return torch.logsumexp(x, dim=axis, keepdim=keepdims)


def vector_norm(x: Any, *, ord: Any = 2, axis: Any = None, keepdims: Any = False) -> Any:
    return torch.linalg.vector_norm(x, ord=ord, dim=axis, keepdim=keepdims)


def matrix_norm(x: Any, *, ord: Any = "fro", keepdims: Any = False) -> Any:
    return torch.linalg.matrix_norm(x, ord=ord, keepdim=keepdims)


# -- the softmax family
logaddexp = torch.logaddexp


def logcumsumexp(x: Any, *, axis: Any = -1) -> Any:
    return torch.logcumsumexp(x, dim=axis)


def softmax(x: Any, *, axis: Any = -1) -> Any:
    return torch.softmax(x, dim=axis)


def log_softmax(x: Any, *, axis: Any = -1) -> Any:
    return torch.log_softmax(x, dim=axis)


# -- products
def vecdot(x1: Any, x2: Any, *, axis: Any = -1) -> Any:
    return torch.linalg.vecdot(x1, x2, dim=axis)


def matvec(a: Any, x: Any) -> Any:
    return torch.matmul(a, x.unsqueeze(-1)).squeeze(-1)


matmul, linear = torch.matmul, F.linear


def linear_chain(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return F.linear(F.linear(x, w1, b1), w2, b2)


# -- activations
sigmoid, tanh, relu, relu6, hardtanh = torch.sigmoid, torch.tanh, F.relu, F.relu6, F.hardtanh
hardsigmoid, hardswish, softplus, silu, log_sigmoid = F.hardsigmoid, F.hardswish, F.softplus, F.silu, F.logsigmoid


def leaky_relu(x: Any, *, negative_slope: Any = 0.01) -> Any:
    return F.leaky_relu(x, negative_slope)


def elu(x: Any, *, alpha: Any = 1.0) -> Any:
    return F.elu(x, alpha)


def gelu(x: Any, *, approximate: Any = "none") -> Any:
    return F.gelu(x, approximate=approximate)


def sigmoid_chain(x: Any, weights: Any) -> Any:
    for w in weights.unbind(-1):
        x = torch.sigmoid(w * x)
    return x


# -- losses
def cross_entropy(logits: Any, labels: Any, *, reduction: Any = "mean") -> Any:
    return F.cross_entropy(logits, labels, reduction=reduction)


def soft_cross_entropy(logits: Any, probabilities: Any, *, reduction: Any = "mean") -> Any:
    return F.cross_entropy(logits, probabilities, reduction=reduction)


def cross_entropy_of_probabilities(probabilities: Any, one_hot: Any, *, reduction: Any = "mean") -> Any:
    losses = -torch.sum(one_hot * torch.log(probabilities + 1e-7), dim=-1)
    return losses if reduction == "none" else getattr(torch, reduction)(losses)


def nll_loss(log_probabilities: Any, labels: Any, *, reduction: Any = "mean") -> Any:
    return F.nll_loss(log_probabilities, labels, reduction=reduction)


def mse_loss(input: Any, target: Any, *, reduction: Any = "mean") -> Any:
    return F.mse_loss(input, target, reduction=reduction)


def binary_cross_entropy_with_logits(logits: Any, target: Any, *, reduction: Any = "mean") -> Any:
    return F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)


def binary_cross_entropy(probabilities: Any, target: Any, *, reduction: Any = "mean") -> Any:
    return F.binary_cross_entropy(probabilities, target, reduction=reduction)


def kl_div(log_probabilities: Any, target: Any, *, reduction: Any = "sum") -> Any:
    return F.kl_div(log_probabilities, target, reduction=reduction)


# -- metrics, with thresholded tensors
def _ratio(part: Any, whole: Any) -> Any:
    return torch.where(whole == 0, torch.zeros_like(part), part / whole)


def precision(scores: Any, targets: Any, *, threshold: Any = 0.5) -> Any:
    predicted = (scores > threshold).to(scores.dtype)
    return _ratio((predicted * targets).sum(-1), predicted.sum(-1))


def recall(scores: Any, targets: Any, *, threshold: Any = 0.5) -> Any:
    predicted = (scores > threshold).to(scores.dtype)
    return _ratio((predicted * targets).sum(-1), targets.sum(-1))


def accuracy(scores: Any, targets: Any, *, threshold: Any = 0.5) -> Any:
    return ((scores > threshold) == (targets > 0.5)).to(scores.dtype).mean(-1)


# -- linear algebra, procedures, projections
solve = torch.linalg.solve


def gradient_descent(a: Any, b: Any, x0: Any, *, step: Any, iterations: Any) -> Any:
    x = x0.clone()
    path = [x]
    for _ in range(iterations):
        x = x - step * (torch.matmul(a, x.unsqueeze(-1)).squeeze(-1) - b)
        path.append(x)
    return torch.stack(path, dim=-2)


def project_simplex(x: Any) -> Any:
    x = x - x.amax(-1, keepdim=True)
    down = torch.sort(x, dim=-1, descending=True).values
    k = torch.arange(1, x.shape[-1] + 1, device=x.device)
    theta = ((torch.cumsum(down, -1) - 1) / k.to(x.dtype)).amax(-1, keepdim=True)
    return torch.clamp(x - theta, min=0)


def exp_central_difference(x: Any, h: Any) -> Any:
    return (torch.exp(x + h) - torch.exp(x - h)) / (2 * h)
