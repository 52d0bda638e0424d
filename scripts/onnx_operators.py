#!/usr/bin/env python3
"""Writes small ONNX models of one operator each, with an input and the output of ONNX Runtime.

    .deps/foreign/bin/python scripts/onnx_operators.py

The environment is that of onnx_families.py. Where ONNX Runtime does not know an operator, the
output is that of onnx's reference implementation; the script says which ones these are.
"""

import os
import numpy as np, onnxruntime, torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.torch import save_file

place = os.path.join(
    os.path.dirname(os.path.abspath(__file__)),
    "../Tests/ForeignModelsTests/Fixtures/onnx-cases.safetensors")
random = np.random.default_rng(5)
out, by_definition = {}, []
image, row = (2, 4, 5, 6), (3, 6)


def numbers(*shape):
    return random.standard_normal(shape).astype(np.float32)


def whole(*values):
    return np.asarray(values, np.int64)


def case(name, nodes, shape=image, opset=20, positive=False, x=None, **constants):
    """One model. Its nodes take `x` and constants, and the last one gives `y`."""
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"] + list(shape[1:]))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    x = numbers(*shape) if x is None else x
    x = np.abs(x) + np.float32(0.1) if positive else x
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        y = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]
    except Exception as error:
        by_definition.append(f"{name} ({str(error)[:120]})")
        y = ReferenceEvaluator(model).run(None, {"x": x})[0]
    assert name + ".model" not in out, name
    out[f"{name}.model"] = torch.frombuffer(bytearray(model.SerializeToString()), dtype=torch.uint8).clone()
    out[f"{name}.input"] = torch.from_numpy(x)
    out[f"{name}.output"] = torch.from_numpy(np.array(y, np.float32))


def node(operator, inputs="x", output="y", **attributes):
    return helper.make_node(operator, inputs.split(" "), output.split(" "), **attributes)


def one(name, operator, inputs="x", shape=image, opset=20, positive=False, constants={}, **attributes):
    case(name, [node(operator, inputs, **attributes)], shape, opset, positive, **constants)


def functions():
    for name in "Erf Sin Cos Tan Atan Sinh Cosh Asinh Abs Softsign Mish HardSwish".split():
        one(name, name, shape=row)
    for name in "Log Reciprocal".split():
        one(name, name, shape=row, positive=True)
    inside = (np.arange(18, dtype=np.float32).reshape(row) - 8.7) / 9.5
    for name in "Asin Acos Atanh".split():
        case(name, [node(name)], row, x=inside)
    case("Acosh", [node("Acosh")], row, x=inside + 2.5)
    # Rounded numbers and signs have no gradient, so they are added to the input.
    for name in "Floor Ceil Round Sign".split():
        case(name, [node(name, "x", "r"), node("Add", "x r")], row, x=inside * 5)
    for name, attributes in {
        "Elu": {}, "Elu.alpha": {"alpha": 0.7}, "Selu": {}, "Selu.both": {"alpha": 1.2, "gamma": 0.9},
        "Celu": {}, "Celu.alpha": {"alpha": 1.7}, "ThresholdedRelu": {"alpha": 0.3},
        "HardSigmoid": {}, "HardSigmoid.torch": {"alpha": 1 / 6, "beta": 0.5},
        "Gelu": {}, "Gelu.tanh": {"approximate": "tanh"},
    }.items():
        one(name, name.split(".")[0], shape=row, **attributes)
    one("PRelu", "PRelu", "x s", constants={"s": numbers(4, 1, 1)})
    one("PRelu.single", "PRelu", "x s", constants={"s": numbers(1)})
    one("PRelu.last", "PRelu", "x s", constants={"s": numbers(6)})
    one("Swish", "Swish", shape=row, opset=24, alpha=1.5)
    one("Neg.opset7", "Neg", shape=row, opset=7)
    case("CastLike", [node("CastLike", "c x", "d"), node("Mul", "x d")], row, c=whole(1, 2, 3, 4, 5, 6))
    case("Cast.half", [node("Cast", to=TensorProto.FLOAT16, output="h"), node("Cast", "h", to=1)],
        row, x=(np.arange(18, dtype=np.float32) - 7).reshape(row) / 4)
    case("Cast.double", [node("Cast", to=TensorProto.DOUBLE, output="h"), node("Cast", "h", to=1)], row)
    case("Cast.integer", [node("Cast", to=TensorProto.INT64, output="i"), node("Cast", "i", "f", to=1),
        node("Mul", "x f")], row, x=inside * 5)


def combinations():
    for name in ("Max", "Min", "Sum", "Mean"):
        one(name, name, "x a b", constants={"a": numbers(4, 1, 6), "b": numbers(1)})
        one(f"{name}.single", name)
    one("Pow.2", "Pow", "x e", constants={"e": np.float32(2)})
    one("Pow.half", "Pow", "x e", positive=True, constants={"e": np.float32(0.5)})
    one("Pow.tensor", "Pow", "x e", positive=True, constants={"e": numbers(6)})
    one("Pow.integer", "Pow", "x e", constants={"e": np.int64(3)})
    one("Mod.fmod", "Mod", "x c", shape=row, constants={"c": numbers(6) + 2}, fmod=1)
    for name in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        case(name, [node(name, "x c", "t"), node("Where", "t x z")], row,
            x=np.round(numbers(*row) * 2), c=np.round(numbers(6) * 2), z=np.float32(0.25))
    for name in ("And", "Or", "Xor"):
        case(name, [node("Greater", "x a", "t"), node("Less", "x b", "u"), node(name, "t u", "v"),
            node("Where", "v x z")], row, a=np.float32(-0.5), b=np.float32(0.5), z=np.float32(2))
    case("Not", [node("Greater", "x a", "t"), node("Not", "t", "u"), node("Where", "u x a")], row,
        a=np.float32(0.1))
    case("Where.broadcast", [node("Where", "c x b")], image, c=np.array([True, False, True, True, False, True]),
        b=numbers(4, 1, 1))
    # Whole numbers: the sign of a quotient and of a remainder.
    a, b = whole(7, -7, 7, -7, 6, -6), whole(2, 2, -2, -2, 3, 3)
    for name, attributes in {"Div": {}, "Mod": {}, "Mod.dividend": {"fmod": 1}}.items():
        case(f"{name}.integer", [node(name.split(".")[0], "a b", "i", **attributes),
            node("Cast", "i", "f", to=1), node("Mul", "x f")], row, a=a, b=b)
    case("Clip.integer", [node("Clip", "a lo hi", "i"), node("Cast", "i", "f", to=1), node("Mul", "x f")],
        row, a=a, lo=np.int64(-5), hi=np.int64(6))
    for kind, type in (("half", np.float16), ("double", np.float64)):
        case(f"weights.{kind}", [node("Cast", "c", "d", to=1), node("Mul", "x d")], row, c=numbers(6).astype(type))


def normalizations():
    w, b = numbers(6), numbers(6)
    one("LayerNormalization", "LayerNormalization", "x w b", constants={"w": w, "b": b}, opset=17)
    one("LayerNormalization.plain", "LayerNormalization", "x w", constants={"w": w}, epsilon=1e-3)
    one("LayerNormalization.axis", "LayerNormalization", "x w b", axis=2,
        constants={"w": numbers(5, 6), "b": numbers(5, 6)})
    one("RMSNormalization", "RMSNormalization", "x w", opset=23, constants={"w": w})
    one("InstanceNormalization", "InstanceNormalization", "x w b", constants={"w": numbers(4), "b": numbers(4)})
    one("InstanceNormalization.1d", "InstanceNormalization", "x w b", (2, 4, 7),
        constants={"w": numbers(4), "b": numbers(4)}, epsilon=1e-3)
    one("GroupNormalization.18", "GroupNormalization", "x w b", opset=18, num_groups=2,
        constants={"w": numbers(2), "b": numbers(2)})
    one("GroupNormalization.21", "GroupNormalization", "x w b", opset=21, num_groups=2,
        constants={"w": numbers(4), "b": numbers(4)})
    one("LpNormalization", "LpNormalization")
    one("LpNormalization.1", "LpNormalization", axis=1, p=1)
    one("LRN", "LRN", size=3)
    one("LRN.other", "LRN", size=5, alpha=0.5, beta=0.6, bias=1.5)
    one("BatchNormalization.1d", "BatchNormalization", "x s b m v", (2, 4, 5),
        constants={"s": numbers(4), "b": numbers(4), "m": numbers(4), "v": numbers(4) ** 2 + 0.1})
    one("Softmax.opset11", "Softmax", shape=(2, 3, 4), opset=11, axis=1)
    one("LogSoftmax.opset11", "LogSoftmax", shape=(2, 3, 4), opset=11, axis=1)
    one("BatchNormalization.opset8", "BatchNormalization", "x s b m v", opset=8,
        constants={"s": numbers(4), "b": numbers(4), "m": numbers(4), "v": numbers(4) ** 2 + 0.1})


def reductions():
    for name in "Max Min Mean Sum Prod L1 L2 SumSquare LogSum LogSumExp".split():
        name = "Reduce" + name
        positive = name == "ReduceLogSum"
        one(f"{name}.opset11", name, opset=11, positive=positive, axes=[2, 3], keepdims=0)
        one(f"{name}.opset20", name, "x a", opset=20, positive=positive, constants={"a": whole(1, -1)})
        one(f"{name}.all", name, shape=(2, 2, 3), positive=positive, keepdims=0)
    one("ReduceSum.opset13", "ReduceSum", "x a", opset=13, constants={"a": whole(-2)}, keepdims=0)
    one("ReduceMean.nothing", "ReduceMean", opset=18, noop_with_empty_axes=1)
    case("ReduceProd.integer", [node("Shape", "x", "s"), node("ReduceProd", "s", "p", keepdims=0),
        node("Cast", "p", "f", to=1), node("Div", "x f")])
    for name in ("ArgMax", "ArgMin"):
        case(name, [node(name, "x", "i", axis=1, keepdims=0), node("Cast", "i", "f", to=1),
            node("ReduceSum", "x a", "s", keepdims=0), node("Add", "s f")], row, a=whole(1))
    case("TopK", [node("TopK", "x k", "v i", axis=-1), node("Cast", "i", "f", to=1), node("Mul", "v f")],
        row, k=whole(3))
    case("TopK.smallest", [node("TopK", "x k", "y i", axis=1, largest=0)], image, k=whole(2))
    one("GlobalMaxPool", "GlobalMaxPool")
    one("GlobalMaxPool.1d", "GlobalMaxPool", shape=(2, 3, 7))
    one("GlobalAveragePool.1d", "GlobalAveragePool", shape=(2, 3, 7))


def products():
    one("Einsum.matrix", "Einsum", "x w", (2, 3, 4), constants={"w": numbers(4, 5)}, equation="bij,jk->bik")
    one("Einsum.implicit", "Einsum", "x w", (2, 3), constants={"w": numbers(3, 4)}, equation="ij,jk")
    one("Einsum.attention", "Einsum", "x w", (2, 3, 2, 4), constants={"w": numbers(2, 5, 2, 4)},
        equation="bqhd,bkhd->bhqk")
    one("Einsum.single", "Einsum", "x", (2, 3, 4), equation="bij->bji")
    one("MatMul.vector", "MatMul", "x w", row, constants={"w": numbers(6)})
    one("Attention", "Attention", "x x x", (2, 2, 5, 4), opset=23)
    one("Attention.causal", "Attention", "x k v", (2, 4, 5, 4), opset=23, is_causal=1, scale=0.3,
        constants={"k": numbers(2, 2, 5, 4), "v": numbers(2, 2, 5, 3)})
    one("Attention.mask", "Attention", "x k v m", (2, 5, 8), opset=23, q_num_heads=2, kv_num_heads=2,
        constants={"k": numbers(2, 6, 8), "v": numbers(2, 6, 8), "m": numbers(5, 6)})
    one("Attention.truths", "Attention", "x k v m", (2, 2, 5, 4), opset=23, constants={
        "k": numbers(2, 2, 3, 4), "v": numbers(2, 2, 3, 4),
        "m": np.array([[True, False, True], [True, True, True], [False, True, False],
            [True, True, False], [True, False, False]])})


def shapes():
    for name, shape in {"Split": {"num_outputs": 2}, "Split.uneven": {"num_outputs": 4}}.items():
        case(name, [node("Split", "x", " ".join("abcd"[: shape["num_outputs"]]), axis=-1, **shape),
            node("Concat", "b a", axis=3)])
    case("Split.opset13", [node("Split", "x s", "a b c", axis=1), node("Concat", "c a", axis=1)],
        opset=13, s=whole(1, 2, 1))
    case("Split.opset11", [node("Split", "x", "a b", axis=1, split=[1, 3]), node("Sub", "b a")], opset=11)
    case("Split.equal", [node("Split", "x", "a b", axis=1), node("Mul", "a b")], opset=13)
    one("Expand", "Expand", "x s", (2, 1, 3), constants={"s": whole(2, 4, 1)})
    one("Tile", "Tile", "x r", (2, 3), constants={"r": whole(1, 3)})
    case("ConstantOfShape", [node("Shape", "x", "s"), helper.make_node("ConstantOfShape", ["s"], ["c"],
        value=helper.make_tensor("v", 1, [1], [2.5])), node("Mul", "x c")])
    case("ConstantOfShape.default", [node("Shape", "x", "s", start=1), node("ConstantOfShape", "s", "c"),
        node("Add", "x c")])
    case("Range", [node("Shape", "x", "s", start=-1), node("Squeeze", "s", "n"), node("Range", "z n t", "r"),
        node("Cast", "r", "f", to=1), node("Mul", "x f")], z=np.int64(0), t=np.int64(1))
    case("Range.backwards", [node("Range", "a b c", "r"), node("Mul", "x r")], row, a=np.float32(3),
        b=np.float32(-1.5), c=np.float32(-0.75))
    case("Size", [node("Size", "x", "n"), node("Cast", "n", "f", to=1), node("Div", "x f")])
    one("Slice.backwards", "Slice", "x b e a s", constants={"b": whole(-1, 5), "e": whole(-100, 0),
        "a": whole(2, 3), "s": whole(-1, -2)})
    one("Slice.steps", "Slice", "x b e a s", constants={"b": whole(0, 1), "e": whole(100, 100),
        "a": whole(2, 3), "s": whole(2, 3)})
    one("Slice.opset9", "Slice", opset=9, starts=[1, 0], ends=[3, -1], axes=[1, 2])
    one("Gather.matrix", "Gather", "x i", constants={"i": whole([0, 3], [-1, 2])}, axis=1)
    one("GatherElements", "GatherElements", "x i", row, axis=1, constants={"i": whole([0, 5], [-1, 2], [3, 3])})
    one("GatherND", "GatherND", "x i", (3, 4, 5), constants={"i": whole([0, 1], [2, -1])})
    one("ScatterND", "ScatterND", "x i u", (3, 4, 5), constants={"i": whole([0, 1], [2, -1]), "u": numbers(2, 5)})
    one("ScatterND.add", "ScatterND", "x i u", (3, 4), reduction="add",
        constants={"i": whole([0], [2], [0]), "u": numbers(3, 4)})
    one("ScatterElements", "ScatterElements", "x i u", row, axis=1,
        constants={"i": whole([0, 5], [-1, 2], [3, 1]), "u": numbers(3, 2)})
    for name, attributes in {"Trilu": {}, "Trilu.lower": {"upper": 0}}.items():
        one(name, "Trilu", shape=(2, 4, 5), **attributes)
    one("Trilu.shifted", "Trilu", "x k", (2, 4, 5), constants={"k": np.int64(-1)})
    one("DepthToSpace", "DepthToSpace", shape=(2, 8, 2, 3), blocksize=2)
    one("DepthToSpace.CRD", "DepthToSpace", shape=(2, 8, 2, 3), blocksize=2, mode="CRD")
    one("SpaceToDepth", "SpaceToDepth", shape=(2, 3, 4, 6), blocksize=2)
    for mode in ("reflect", "edge", "wrap"):
        one(f"Pad.{mode}", "Pad", "x p", constants={"p": whole(0, 0, 2, 1, 0, 0, 1, 3)}, mode=mode)
    one("Pad.negative", "Pad", "x p", constants={"p": whole(0, -1, 1, 0, 0, 1, -2, 0)})
    one("Pad.axes", "Pad", "x p v a", constants={"p": whole(1, 2), "v": np.float32(2), "a": whole(-1)})
    one("Pad.opset10", "Pad", opset=10, pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5)
    one("Squeeze.opset11", "Squeeze", shape=(2, 1, 3), opset=11, axes=[1])
    one("Unsqueeze.opset11", "Unsqueeze", shape=(2, 3), opset=11, axes=[0, 3])
    one("Reshape.zero", "Reshape", "x s", constants={"s": whole(0, -1, 0, 0)})
    one("Flatten.0", "Flatten", axis=0)
    for name, attributes in {"ints": {"value_ints": [2, 3]}, "int": {"value_int": 4},
            "floats": {"value_floats": [2.0, 3.0]}}.items():
        cast = node("Cast", "c", "f", to=1)
        case(f"Constant.{name}", [helper.make_node("Constant", [], ["c"], **attributes), cast,
            node("Mul", "x f")], (3, 2))


def windows():
    for name, attributes in {
        "plain": {}, "strides": {"strides": [2, 3]}, "pads": {"pads": [1, 0, 0, 1], "strides": [2, 2]},
        "more": {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
        "dilations": {"dilations": [2, 1]}, "shape": {"strides": [2, 2], "output_shape": [10, 12]},
        "upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        "lower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
    }.items():
        one(f"ConvTranspose.{name}", "ConvTranspose", "x w b", constants={"w": numbers(4, 3, 3, 2),
            "b": numbers(3)}, **attributes)
    one("ConvTranspose.groups", "ConvTranspose", "x w", constants={"w": numbers(4, 3, 3, 3)}, group=2)
    one("ConvTranspose.1d", "ConvTranspose", "x w", (2, 4, 6), constants={"w": numbers(4, 3, 3)}, strides=[2],
        output_padding=[1])
    one("Conv.1d", "Conv", "x w b", (2, 4, 9), constants={"w": numbers(6, 2, 3), "b": numbers(6)}, group=2,
        pads=[1, 2], strides=[2], kernel_shape=[3])
    one("MaxPool.1d", "MaxPool", shape=(2, 3, 9), kernel_shape=[3], strides=[2], pads=[1, 1])
    one("AveragePool.1d", "AveragePool", shape=(2, 3, 9), kernel_shape=[3], strides=[2], pads=[1, 1])
    one("AveragePool.3d", "AveragePool", shape=(2, 1, 4, 5, 6), kernel_shape=[3, 1, 1], pads=[1, 0, 0, 1, 0, 0],
        count_include_pad=1)
    both = {"up": ([1.0, 1.0, 2.0, 1.5], (10, 9)), "down": ([1.0, 1.0, 0.6, 0.5], (3, 3))}
    for way, (scales, sizes) in both.items():
        for mode in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"):
            for kind in ("linear", "cubic"):
                one(f"Resize.{way}.{kind}.{mode}", "Resize", "x  s", opset=19, mode=kind,
                    coordinate_transformation_mode=mode, constants={"s": np.array(scales, np.float32)})
        for mode, rounding in (("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"),
                ("half_pixel", "round_prefer_ceil"), ("align_corners", "ceil")):
            one(f"Resize.{way}.nearest.{mode}.{rounding}", "Resize", "x   s", opset=13, mode="nearest",
                coordinate_transformation_mode=mode, nearest_mode=rounding, constants={"s": whole(2, 4, *sizes)})
    one("Resize.antialias", "Resize", "x  s", opset=18, mode="linear", antialias=1,
        constants={"s": np.array([1, 1, 0.4, 0.5], np.float32)})
    one("Resize.antialias.cubic", "Resize", "x   s", opset=18, mode="cubic", antialias=1,
        constants={"s": whole(2, 4, 2, 3)})
    one("Resize.excluded", "Resize", "x  s", mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5,
        constants={"s": np.array([1, 1, 2, 0.7], np.float32)})
    one("Resize.axes", "Resize", "x   s", opset=18, mode="linear", axes=[3, 2], constants={"s": whole(8, 7)})
    one("Resize.aspect", "Resize", "x   s", opset=18, mode="linear", axes=[2, 3],
        keep_aspect_ratio_policy="not_larger", constants={"s": whole(8, 9)})
    one("Resize.opset10", "Resize", "x s", opset=10, mode="nearest", constants={"s": np.array([1, 1, 2, 1.5], np.float32)})
    one("Upsample.opset9", "Upsample", "x s", opset=9, mode="linear", constants={"s": np.array([1, 1, 2, 2], np.float32)})
    one("Upsample.opset7", "Upsample", opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 3.0])


for group in (functions, combinations, normalizations, reductions, products, shapes, windows):
    group()
print(len(out) // 3, "cases; by definition:", *by_definition, sep="\n  ")
save_file({k: v.clone().contiguous() for k, v in out.items()}, place)
print(os.path.getsize(place), "bytes")
