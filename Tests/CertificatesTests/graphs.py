#!/usr/bin/env python3
"""Writes ONNX graphs whose bounds the tests compute: view.onnx, mixed.onnx and fixed.onnx.

    python3 Tests/CertificatesTests/graphs.py

Needs onnx, NumPy and safetensors. view.onnx is the network `conv` of reference.safetensors, with the
reshape that PyTorch's x.view(x.size(0), -1) becomes. mixed.onnx has operators of many kinds. fixed.onnx
reshapes a batch of one image only.
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

HERE = pathlib.Path(__file__).parent


def write(name, shape, nodes, constants):
    values = [numpy_helper.from_array(numpy.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [shape[0], None])], values,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def conv(weights, reshape, constants, name, batch):
    nodes = [
        node("Conv", "x w0 b0", "a", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("Conv", "b w2 b2", "c"),
        node("Relu", "c", "d"),
        *reshape,
        node("Gemm", "e w5 b5", "logits", transB=1),
    ]
    for layer in (0, 2, 5):
        constants[f"w{layer}"] = weights[f"conv.{layer}.weight"]
        constants[f"b{layer}"] = weights[f"conv.{layer}.bias"]
    write(name, [batch, 1, 8, 8], nodes, constants)


def main():
    weights = load_file(HERE / "reference.safetensors")
    view = [
        node("Shape", "d", "shape"),
        node("Gather", "shape zero", "count", axis=0),
        node("Unsqueeze", "count zero1", "count1"),
        node("Concat", "count1 rest", "sizes", axis=0),
        node("Reshape", "d sizes", "e"),
    ]
    whole = numpy.int64
    constants = {"zero": whole(0), "zero1": numpy.array([0]), "rest": numpy.array([-1])}
    conv(weights, view, constants, "view", "batch")
    conv(weights, [node("Reshape", "d sizes", "e")], {"sizes": numpy.array([1, -1])}, "fixed", 1)

    draw = numpy.random.default_rng(3)

    def normal(*shape):
        scale = 1 / numpy.sqrt(max(1, numpy.prod(shape[1:])))
        return (draw.normal(size=shape) * scale).astype(numpy.float32)

    mixed = [
        node("Sub", "x mean", "a"),
        node("Split", "a", "a1 a2", axis=1),
        node("LeakyRelu", "a1", "b1", alpha=0.2),
        node("Clip", "a2 low high", "b2"),
        node("Concat", "b2 b1 a1", "c", axis=1),
        node("Conv", "c w b", "d", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "d scale shift center variance", "e"),
        node("Sigmoid", "e", "f"),
        node("MaxPool", "f", "g", kernel_shape=[2, 2], strides=[2, 2]),
        node("Transpose", "g", "h", perm=[0, 2, 3, 1]),
        node("Flatten", "h", "i", axis=1),
        node("MatMul", "i v", "j"),
        node("Mul", "j factor", "k"),
        node("Tanh", "k", "l"),
        node("Sub", "one l", "m"),
        node("Gemm", "m u", "logits", transB=0),
    ]
    write(
        "mixed", ["batch", 2, 6, 6], mixed,
        {
            "mean": normal(1, 2, 1, 1), "low": numpy.float32(-0.2), "high": numpy.float32(0.3),
            "w": normal(4, 3, 3, 3) * 3, "b": normal(4), "scale": normal(4), "shift": normal(4),
            "center": normal(4), "variance": numpy.ones(4, numpy.float32), "v": normal(36, 8) * 6,
            "factor": normal(8), "one": numpy.ones((1, 8), numpy.float32), "u": normal(8, 3),
        },
    )


if __name__ == "__main__":
    main()
