"""The corpus: real bugs on which the suite is measured, and those that touch no concept of this version."""

from collections.abc import Mapping

from suite.mutants.corpus_losses import LOSSES
from suite.mutants.corpus_norms import NORMS
from suite.mutants.corpus_smooth import SMOOTH
from suite.mutants.corpus_softmax import SOFTMAX
from suite.mutants.corpus_sums import SUMS
from suite.mutants.mutant import Mutant

CORPUS: tuple[Mutant, ...] = (*SOFTMAX, *LOSSES, *SMOOTH, *NORMS, *SUMS)

_TORCH = "a second derivative of torch 2.13.0 itself, which has to be right where a mutant changes it"
_SINC = "no sinc among the concepts"
_EXPONENT = "pow is not differentiated by its exponent"
_WHERE = "there is no where= among the options"
_BELOW_ONE = "no p below 1 among the options of the norm"
_DISTANCE = "no pairwise distance among the concepts"
_BATCH_NORM = "no batch normalisation among the concepts"
_CUMPROD = "no cumprod among the concepts"
_CLAMP = "no clamp among the concepts; at a kink every value between the one-sided derivatives is right"
_DET = "no determinant among the concepts"
_FACTORS = "no eigenvectors or singular vectors among the concepts"
_LEAST_SQUARES = "no least squares among the concepts"
_MAX = "no max among the concepts"
_AVERAGES = "precision and recall are of one class: no averages over classes"
_ENGINE = "the machinery of automatic differentiation is not judged yet"

OUT_OF_SCOPE: Mapping[str, str] = {
    "jax-ml/jax#23842": _WHERE,
    "jax-ml/jax#17117": _WHERE,
    "pytorch/pytorch#196704": _TORCH,
    "pytorch/pytorch#195682": _TORCH,
    "pytorch/pytorch#1546": "any order of summation is within the contract",
    "pytorch/pytorch#65815": "shows beyond 2^24 terms, and the longest axis drawn is 70,001",
    "FluxML/NNlib.jl#206": "softmax at +inf is NaN here by definition",
    "pytorch/pytorch#73205": "label_smoothing is no option here",
    "pytorch/pytorch#31295": "class weights are no option here",
    "tinygrad/tinygrad PR#3570": "ignore_index is no option here",
    "tensorflow/tfjs#346": _EXPONENT,
    "pytorch/pytorch#65466": "the target of kl_div is not differentiated here",
    "pytorch/pytorch#78355": "autograd itself refuses such a shape by now",
    "pytorch/pytorch#53989": _SINC,
    "pytorch/pytorch PR#196885 (#196703)": _SINC,
    "tensorflow/tensorflow#127226": _SINC,
    "JuliaDiff/ForwardDiff.jl#466": _SINC,
    "pytorch/pytorch#27134": _EXPONENT,
    "tensorflow/tensorflow#2295": _EXPONENT,
    "pytorch/pytorch#187179": _BELOW_ONE,
    "pytorch/pytorch#44452": _BELOW_ONE,
    "pytorch/pytorch#184575": "no division by a norm among the concepts",
    "pytorch/pytorch#42479": _DISTANCE,
    "pytorch/pytorch#57690": _DISTANCE,
    "pytorch/pytorch#119147": _DISTANCE,
    "pytorch/pytorch#18057": "no cosine similarity among the concepts",
    "pytorch/pytorch#5410": _BATCH_NORM,
    "BVLC/caffe#3963": _BATCH_NORM,
    "tinygrad/tinygrad#12296": _MAX,
    "pytorch/pytorch#76522": _CLAMP,
    "pytorch/pytorch#184574": _CLAMP,
    "tensorflow/tensorflow#119430": _CUMPROD,
    "pymc-devs/pytensor PR#1911": _CUMPROD,
    "pytorch/pytorch#193012": "prod is not differentiated here",
    "jax-ml/jax#10993": "no select or cumprod among the concepts",
    "pytorch/pytorch#84681": _ENGINE,
    "pytorch/pytorch#33999": _ENGINE,
    "pytorch/pytorch#80761": _DET,
    "tensorflow/tensorflow#119477": _DET,
    "pytorch/pytorch#76531": _FACTORS,
    "pytorch/pytorch#49886": _FACTORS,
    "jax-ml/jax#2311": _FACTORS,
    "pytorch/pytorch#180157": _LEAST_SQUARES,
    "pytorch/pytorch#92537": _LEAST_SQUARES,
    "pytorch/pytorch#104439": "another order of summation is no bug, as its maintainers found too",
    "numpy/numpy#21585": "no linspace among the concepts",
    "Lightning-AI/torchmetrics#295": _AVERAGES,
    "scikit-learn/scikit-learn#15878": _AVERAGES,
    "NervanaSystems/neon#170": _MAX,
    "TrenTorch/TrenTorch PR#58": _MAX,
}
