"""Every reported bug that was collected is a mutant or has a reason why not; no mutant is the right function."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from suite.concepts import concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array
from suite.mutants.corpus import CORPUS, OUT_OF_SCOPE
from suite.mutants.makers import right
from suite.mutants.mutant import Mutant
from suite.record import Concept
from suite.targets.loading import framework
from suite.targets.protocol import memories

COLLECTED = (
    "pytorch/pytorch#31829",
    "pytorch/pytorch#49724",
    "jax-ml/jax#23842",
    "jax-ml/jax#17117",
    "tensorflow/tensorflow#11692",
    "rmcgibbo/logsumexp#2",
    "pytorch/pytorch#196704",
    "pytorch/pytorch#795",
    "pytorch/pytorch PR#21672 (#11752)",
    "pytorch/pytorch#1546",
    "pytorch/pytorch#147284",
    "pytorch/pytorch#158310",
    "tensorflow/tensorflow#10142",
    "dotnet/machinelearning#3648",
    "FluxML/NNlib.jl#68",
    "FluxML/NNlib.jl#206",
    "ml-explore/mlx#1467",
    "PaddlePaddle/Paddle PR#19800",
    "tenstorrent/tt-metal#52045",
    "clab/dynet#218",
    "uxlfoundation/oneDNN#616",
    "ROCm/MIOpen#112",
    "pytorch/pytorch#195678",
    "pytorch/pytorch#73205",
    "pytorch/pytorch#31295",
    "pytorch/pytorch#29429",
    "tinygrad/tinygrad PR#3570",
    "tensorflow/tfjs#346",
    "pytorch/pytorch#2298",
    "pytorch/pytorch PR#1792",
    "pytorch/pytorch#103316",
    "keras-team/keras#9664",
    "pytorch/pytorch#65466",
    "pytorch/pytorch#78355",
    "huggingface/sentence-transformers PR#4019",
    "pytorch/pytorch#187806",
    "pytorch/pytorch#195681",
    "pytorch/pytorch#195527",
    "pytorch/pytorch#195682",
    "pytorch/pytorch#192407",
    "pytorch/pytorch#53989",
    "pytorch/pytorch PR#196885 (#196703)",
    "tensorflow/tensorflow#127226",
    "JuliaDiff/ForwardDiff.jl#466",
    "pytorch/pytorch#27134",
    "pytorch/pytorch#8940",
    "tensorflow/tensorflow#2295",
    "pytorch/pytorch#193006",
    "pytorch/pytorch#65815",
    "pytorch/pytorch#6817",
    "pytorch/pytorch#187179",
    "pytorch/pytorch#2421",
    "pytorch/pytorch#44452",
    "pytorch/pytorch#3264",
    "pytorch/pytorch#184575",
    "pytorch/pytorch#43211",
    "pytorch/pytorch#42479",
    "pytorch/pytorch#57690",
    "pytorch/pytorch#119147",
    "pytorch/pytorch#18057",
    "pytorch/pytorch#2470",
    "tenstorrent/tt-metal#25100",
    "pytorch/pytorch PR#184151",
    "pytorch/pytorch#197089",
    "pytorch/pytorch#5410",
    "BVLC/caffe#3963",
    "neuraloperator/neuraloperator#329",
    "ml-explore/mlx PR#3909",
    "microsoft/onnxconverter-common#323",
    "tinygrad/tinygrad#12296",
    "pytorch/pytorch#76522",
    "pytorch/pytorch#184574",
    "tensorflow/tensorflow#119430",
    "pymc-devs/pytensor PR#1911",
    "pytorch/pytorch#193012",
    "jax-ml/jax#10993",
    "jax-ml/jax#347",
    "pytorch/pytorch#84681",
    "pytorch/pytorch#33999",
    "pytorch/pytorch#80761",
    "tensorflow/tensorflow#119477",
    "pytorch/pytorch#76531",
    "pytorch/pytorch#49886",
    "jax-ml/jax#2311",
    "pytorch/pytorch#180157",
    "pytorch/pytorch#92537",
    "pytorch/pytorch#128401",
    "pytorch/pytorch#189401",
    "tracel-ai/burn#5304",
    "pytorch/pytorch#104439",
    "numpy/numpy PR#9887",
    "microsoft/onnxruntime#6153",
    "onnx/onnx#3244",
    "numpy/numpy#21585",
    "Lightning-AI/torchmetrics#295",
    "scikit-learn/scikit-learn#15878",
    "NervanaSystems/neon#170",
    "TrenTorch/TrenTorch PR#58",
    "tinygrad/tinygrad#799",
)

SOURCES = [s for m in CORPUS for s in m.source.split(", ")]


@pytest.mark.parametrize("issue", COLLECTED)
def test_every_issue_is_a_mutant_or_out_of_scope_and_not_both(issue: str) -> None:
    assert (issue in SOURCES) != (issue in OUT_OF_SCOPE)


def test_nothing_else_is_cited() -> None:
    assert {*SOURCES, *OUT_OF_SCOPE} == set(COLLECTED)
    assert len(COLLECTED) == len(set(COLLECTED))


def test_a_mutant_is_named_once() -> None:
    assert len({m.id for m in CORPUS}) == len(CORPUS)
    assert len({(m.concept, m.dtype, m.kind) for m in CORPUS}) == len(CORPUS)


def test_every_mutant_comes_from_the_corpus_and_says_why_it_matters() -> None:
    assert all(m.origin == "corpus" and m.why and m.concept in concepts() for m in CORPUS)


# -- a mutant differs from the right function somewhere


def sizes_of(concept: Concept) -> list[tuple[tuple[str, int], ...]]:
    """One long axis, its lengths; several axes, lengths that differ."""
    if len(concept.dims) == 1:
        return [((concept.dims[0], n),) for n in (1, 7, 256, 781)]
    return [tuple((d, 3 + k) for k, d in enumerate(concept.dims))]


def drawn(m: Mutant) -> Iterator[tuple[tuple[Array, ...], dict[str, Any]]]:
    """Operands and options of a few cases."""
    concept = concepts()[m.concept]
    for sizes in sizes_of(concept):
        for option, options in enumerate(concept.options):
            for seed in range(3):
                operands = draw(concept, FORMATS[m.dtype], Recipe(sizes, option, seed))
                yield tuple(x[0] for x in operands) if concept.apart else operands, {**concept.along, **options}


def masked(x: Array) -> Array:
    """The first row is -inf."""
    out = x.copy()
    out[0] = -np.inf
    return out


def packed(x: Array) -> Array:
    """The same numbers as a field of records of one byte more."""
    out = np.zeros(x.shape, np.dtype([("value", x.dtype), ("flag", "i1")]))["value"]
    out[...] = x
    return out


def asked(m: Mutant) -> Iterator[tuple[tuple[Array, ...], dict[str, Any]]]:
    """The cases as they are, masked, in other layouts, along another axis, one row, one matrix against many."""
    concept = concepts()[m.concept]
    for operands, options in drawn(m):
        yield operands, options
        real = [o.kind.real for o in concept.operands]
        yield tuple(masked(x) if r else x for x, r in zip(operands, real, strict=True)), options
        if m.vjp:
            continue
        arrays = framework("numpy")
        for layout in arrays.layouts:
            yield tuple(map(arrays.to_native, operands, memories(layout, operands))), options
        yield tuple(packed(x) for x in operands), options
        yield tuple(x[:1] for x in operands), options
        if len(operands) == 2 and not concept.apart and not concept.elementwise:
            yield (operands[0][0], operands[1]), options
        if concept.along:
            yield tuple(np.moveaxis(x, -1, -2) for x in operands), {**options, "axis": -2}


def called(m: Mutant, *operands: Any, **options: Any) -> Any:
    """The mutant's result, or the derivative by its first operand, in float64."""
    dtype = FORMATS[m.dtype].dtype
    arrays = [np.asarray(x, int if x is LABELS else dtype) for x in operands]
    with np.errstate(all="ignore"):
        if not m.vjp:
            return np.asarray(m.function(*arrays, **options)).astype(np.float64)
        value = m.library().functions[concepts()[m.concept].call_name](*arrays, **options)
        found = m.function(*arrays, **options, cotangent=np.ones_like(value))
        return np.asarray(found[0]).astype(np.float64)


INF, NAN, NONE = np.inf, np.nan, {"reduction": "none"}
LABELS = [0] * 140000
# what was reported, with the numbers of the report where it gives them
SYMPTOMS: tuple[tuple[str, tuple[Any, ...], dict[str, Any], Any], ...] = (
    ("logsumexp-unguarded_maximum-float32", ([-INF, -INF],), {}, NAN),
    ("logsumexp-from_the_output-float32-vjp", ([-INF, -INF],), {}, [NAN, NAN]),
    ("log_softmax-no_maximum-float32", ([90.0, 0.0],), {}, [-INF, -INF]),
    ("softmax-exp_then_normalise-float32", ([90.0, 2.0, -2.0],), {}, [NAN, 0.0, 0.0]),
    ("softmax-masked_row_by_size-float32", ([-INF] * 127,), {}, [0.0] * 127),
    ("softmax-masked_row_by_size-float32", ([-INF] * 128,), {}, [NAN] * 128),
    ("nll_loss-accumulated_in_16_bits-float16", ([[-0.5, -1.0]] * 140000, LABELS), {}, NAN),
    ("binary_cross_entropy_with_logits_none-exp_of_minus_x-float32", ([-100.0], [1.0]), NONE, [INF]),
    ("binary_cross_entropy_with_logits_none-no_slope_at_zero-float32-vjp", ([0.0], [0.0]), NONE, [0.0]),
    ("binary_cross_entropy-derivative_of_a_clip-float32-vjp", ([1e-8], [1.0]), NONE, [0.0]),
    ("log_sigmoid-unguarded_maximum-float32-vjp", ([-INF],), {}, [NAN]),
    ("softplus-exp_of_a_margin-float32", ([100.0],), {}, [INF]),
    ("gelu-one_plus_erf-float32", ([-6.1],), {}, [0.0]),
    ("sigmoid-derivative_from_the_output-float64-vjp", ([37.4],), {}, [0.0]),
    ("exp2-derivative_from_the_output-float64-vjp", ([1024.0],), {}, [INF]),
    ("pow-exponent_zero-float32-vjp", ([0.0], [0.0]), {}, [NAN]),
    ("divide-by_the_reciprocal-float32", ([1e-39], [1e-39]), {}, [INF]),
    ("vector_norm-unscaled_squares-float32", ([1e20],), {}, INF),
    ("vector_norm-divided_by_what_overflowed-float32-vjp", ([1e20],), {}, [0.0]),
    ("vector_norm-infinite_power-float32", ([3.0, 4.0],), {"ord": INF}, 1.0),
    ("vector_norm-zero_vector-float32-vjp", ([0.0, 0.0],), {}, [NAN, NAN]),
    ("vector_norm-zero_elements-float32-vjp", ([0.0, 2.0],), {"ord": 1}, [NAN, 1.0]),
    ("vector_norm_p-powers_in_16_bits-float16-vjp", ([1e-4, 1e-4],), {"ord": 3}, [NAN, NAN]),
    ("var-one_pass_along_an_axis-float32", ([2281.5, 2281.25],), {"axis": -1}, 0.0),
    ("std-unscaled_squares-float32", ([1e20, 3e20],), {}, INF),
    ("std-unscaled_squares-float32", ([1e-30, 3e-30],), {}, 0.0),
    ("sum-accumulated_in_16_bits-bfloat16", ([1.0] * 70000,), {}, 256.0),
    ("mean-accumulated_in_16_bits-float16", ([1.0] * 70000,), {}, 0.0),
    ("matmul-stack_reshaped-float32", (np.ones((4, 3)), np.ones((1, 3, 3, 3))), {}, 3 * np.ones((4, 9))),
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, operands, options, reported", SYMPTOMS, ids=[s[0] for s in SYMPTOMS])
def test_the_mutant_shows_what_was_reported(name: str, operands: Any, options: Any, reported: Any) -> None:
    (mutant,) = (m for m in CORPUS if m.id == name)
    np.testing.assert_array_equal(called(mutant, *operands, **options), reported)


def test_softmax_over_an_odd_width_does_not_sum_to_one_beyond_the_first_row() -> None:
    (mutant,) = (m for m in CORPUS if m.kind == "odd widths")
    off = {n: abs(mutant.function(np.zeros((2, n))).sum(axis=-1) - 1) > 1e-12 for n in (511, 513, 780, 781, 1023)}
    assert {n for n, rows in off.items() if rows[1]} == {513, 781}
    assert not any(rows[0] for rows in off.values())


def differ(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return any(differ(x, y) for x, y in zip(a, b, strict=False))
    return not np.array_equal(*(np.asarray(v).astype(np.float64) for v in (a, b)), equal_nan=True)


@pytest.mark.filterwarnings("ignore")  # the functions' own
@pytest.mark.parametrize("mutant", CORPUS, ids=lambda m: m.id)
def test_the_mutant_is_not_the_right_function(mutant: Mutant) -> None:
    name, good = concepts()[mutant.concept].call_name, right()
    function = (good.vjps if mutant.vjp else good.functions)[name]
    with np.errstate(all="ignore"):
        for operands, options in asked(mutant):
            if mutant.vjp:
                options = {**options, "cotangent": np.ones_like(good.functions[name](*operands, **options))}
            if differ(mutant.function(*operands, **options), function(*operands, **options)):
                return
    pytest.fail("no case tells it from the right function")
