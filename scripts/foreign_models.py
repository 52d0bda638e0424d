#!/usr/bin/env python3
"""Writes the files in Tests/ForeignModelsTests/Fixtures, except architectures.txt.

    python3 -m venv .deps/foreign
    .deps/foreign/bin/pip install torch==2.13.0 numpy onnx==1.23.2 onnxscript safetensors
    .deps/foreign/bin/python scripts/foreign_models.py

`tiny.*` is one small network in files of every kind, with PyTorch's logits and gradients.
`onnx-operators.safetensors` contains small ONNX models, each with an input and the output of onnx's
reference implementation. The other files must be refused, or contain mistakes that must be noticed.

With `--parity FOLDER` the script instead exports the networks in that folder as state dictionaries
and ONNX files, into the folder `--out`. Tests read them if CROSSFIRE_FOREIGN names that folder.
"""

import argparse, io, json, os, pickle, sys, zipfile
import numpy as np, onnx, torch, torch.nn as nn, torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.torch import load_file, save_file

fixtures = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../Tests/ForeignModelsTests/Fixtures"
)


def export(model, images, path, dynamo=False, opset=17, **options):
    """Exports a model for batches of any size, in one file."""
    if dynamo:
        batch = torch.export.Dim("batch")
        torch.onnx.export(
            model,
            (images,),
            path,
            dynamo=True,
            external_data=False,
            dynamic_shapes=({0: batch},),
            verbose=False,
        )
    else:
        torch.onnx.export(
            model,
            images,
            path,
            dynamo=False,
            opset_version=opset,
            input_names=["images"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
            **options,
        )


def without_places(path):
    """Removes the members of a TorchScript archive that contain paths of this machine."""
    with zipfile.ZipFile(path) as archive:
        members = [(n, archive.read(n)) for n in archive.namelist() if not n.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)


# ---- one small network with the usual parts of an image classifier
class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=2, bias=False)
        self.short = nn.Conv2d(8, 8, 1, stride=2)
        self.fc1 = nn.Linear(8 * 4 * 4, 16)
        self.drop = nn.Dropout(0.5)
        self.fc2 = nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(F.leaky_relu(self.conv2(x) + self.short(x), 0.1), 2)
        return self.fc2(self.drop(F.relu(self.fc1(x.view(x.size(0), -1)))))


layers = [
    "conv 8 kernel 3 padding 1",
    "batchnorm",
    "relu",
    "residual [conv 8 kernel 3 stride 2 padding 1 groups 2 bias off] "
    "shortcut [conv 8 kernel 1 stride 2]",
    "leakyrelu 0.1",
    "maxpool 2",
    "flatten",
    "linear 16",
    "relu",
    "dropout 0.5",
    "linear 5",
]
ours = {
    "conv1": "0",
    "bn1": "1",
    "conv2": "3.body.0",
    "short": "3.shortcut.0",
    "fc1": "7",
    "fc2": "10",
}


def answers(model, images, labels, mean, std):
    x = images.clone().requires_grad_(True)
    logits = model((x - mean) / std)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)
    return {
        "images": images,
        "labels": labels,
        "logits": logits.detach(),
        "inputGradient": gradient,
    }


def tiny():
    torch.manual_seed(7)
    model = Tiny()
    with torch.no_grad():
        for _ in range(20):
            model(torch.rand(32, 3, 16, 16) * 2 - 1)  # moves the running statistics
    model.eval()
    images, labels = torch.rand(6, 3, 16, 16), torch.tensor([0, 1, 2, 3, 4, 0])
    mean, std = torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1), torch.tensor([0.2, 0.25, 0.3]).view(
        3, 1, 1
    )
    save_file(answers(model, images, labels, mean, std), f"{fixtures}/tiny.answers.safetensors")
    notes = {
        "input": "3x16x16",
        "classes": ["a", "b", "c", "d", "e"],
        "normalize": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},
    }
    traced = torch.jit.trace(model, images[:1])
    traced.save(f"{fixtures}/tiny.pt", _extra_files={"crossfire.json": json.dumps(notes)})
    without_places(f"{fixtures}/tiny.pt")
    state = model.state_dict()
    torch.save(
        {
            "epoch": 3,
            "state_dict": {f"module.{k}": v for k, v in state.items()},
            "optimizer": {"lr": 0.1, "betas": (0.9, 0.999)},
        },
        f"{fixtures}/tiny.wrapped.pth",
    )
    renamed = {".".join([ours[k.split(".")[0]], k.split(".")[1]]): v for k, v in state.items()}
    torch.save(type(state)(renamed), f"{fixtures}/tiny.pth")
    # A view of a larger tensor, and a transposed tensor: their offsets and strides are unusual.
    big = torch.zeros(20, 6)
    big[2:18, 1] = renamed["7.bias"]
    turned = dict(renamed)
    turned["7.bias"] = big[2:18, 1]
    turned["7.weight"] = renamed["7.weight"].t().contiguous().t()
    torch.save(turned, f"{fixtures}/tiny.strided.pth")
    save_file(
        {k: v.contiguous() for k, v in renamed.items()},
        f"{fixtures}/tiny.plain.safetensors",
        {"format": "pt", "crossfire.json": json.dumps({**notes, "layers": layers})},
    )
    for name, dynamo in (("tiny.onnx", False), ("tiny.dynamo.onnx", True)):
        export(model, images[:2], f"{fixtures}/{name}", dynamo)
        file = onnx.load(f"{fixtures}/{name}")
        for node in file.graph.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
        helper.set_model_props(file, {"crossfire.json": json.dumps(notes)})
        onnx.save(file, f"{fixtures}/{name}")
    torch.onnx.export(
        model, images[:1], f"{fixtures}/tiny.single.onnx", dynamo=False, opset_version=11
    )
    # Files that must be refused: a whole model, a call of a function, numbers in half precision,
    # and PyTorch's format before 1.6.
    torch.save(model, f"{fixtures}/module.pth")
    torch.save({k: v.half() for k, v in renamed.items()}, f"{fixtures}/half.pth")
    torch.save(
        dict(list(renamed.items())[:2]),
        f"{fixtures}/legacy.pth",
        _use_new_zipfile_serialization=False,
    )
    evil(f"{fixtures}/evil.pth")


# ---- programs and checkpoints as other people save them
class Scaled(nn.Module):
    """A linear layer behind a normalisation, which may be computed in place."""

    def __init__(self, in_place):
        super().__init__()
        self.linear, self.in_place = nn.Linear(64, 3), in_place

    def forward(self, x):
        x = x.sub_(0.5).div_(0.25) if self.in_place else (x - 0.5) / 0.25
        return self.linear(x.flatten(1))


class Counted(nn.Module):
    """A linear layer that accepts batches of one size."""

    def __init__(self, size):
        super().__init__()
        self.linear, self.size = nn.Linear(64, 3), size

    def forward(self, x):
        return self.linear(x.view(self.size, 64))


def habits():
    for name, in_place in (("inplace.plain", False), ("inplace", True)):
        torch.manual_seed(3)
        path = f"{fixtures}/{name}.pt"
        torch.jit.trace(Scaled(in_place), torch.rand(2, 1, 8, 8), check_trace=False).save(path)
        without_places(path)
    torch.jit.trace(Counted(8), torch.rand(8, 1, 8, 8)).save(f"{fixtures}/batch8.pt")
    without_places(f"{fixtures}/batch8.pt")
    convolution = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    ).eval()
    # Without options, PyTorch 2.9 and later put the numbers into a file beside the model.
    for name, model in (("batch4", Counted(4)), ("theirs", convolution)):
        path, inside = f"{fixtures}/{name}.onnx", name == "theirs"
        torch.onnx.export(model, (torch.rand(4, 1, 8, 8),), path, external_data=inside)
        file = onnx.load(path, load_external_data=False)
        for node in file.graph.node:
            node.ClearField("metadata_props")
        onnx.save(file, path)
    weights = {"0.weight": torch.rand(3, 4)}
    for name, checkpoint in {
        "namespace": {"model": weights, "args": argparse.Namespace(lr=0.1)},
        "numpy": {"net": weights, "acc": np.float64(9.5)},
        "rmodel": {"rmodel": weights, "epoch": 1},
    }.items():
        torch.save(checkpoint, f"{fixtures}/checkpoint.{name}.pth")


class Call:
    def __reduce__(self):
        return (os.system, ("touch /tmp/crossfire-was-here",))


def evil(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"0.weight": Call()}, protocol=2))
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")


# ---- programs for 28x28 digits, each with one mistake
class Digits(nn.Module):
    """The means of 4x4 pixels, and one linear layer."""

    def __init__(self, ending=lambda z: z):
        super().__init__()
        self.linear, self.norm, self.ending = nn.Linear(49, 10), nn.BatchNorm1d(49), ending

    def forward(self, x):
        return self.ending(self.linear(self.norm(F.avg_pool2d(x, 4).flatten(1))))


def mistakes():
    endings = {
        "plain": lambda z: z,
        "softmax": lambda z: z.softmax(1),
        "dropout": lambda z: F.dropout(z, 0.5, True),
        "detached": lambda z: F.one_hot(z.argmax(1), 10).float(),
        "nan": lambda z: z / (z - z),
        "batch": lambda z: (z - z.mean(0)) * 3,
    }
    for name, ending in endings.items():
        torch.manual_seed(3)
        path = f"{fixtures}/digits.{name}.pt"
        torch.jit.trace(Digits(ending).eval(), torch.rand(4, 1, 28, 28), check_trace=False).save(
            path
        )
        without_places(path)


# ---- ONNX operators
# PyTorch's output is used where onnx's reference implementation takes pads in another order, or
# counts the padding that only completes the last window.
by_torch = {
    "MaxPool.uneven": lambda x: F.max_pool2d(F.pad(x, (1, 0, 0, 2), value=-torch.inf), 3, 1),
    "AveragePool.ceil": lambda x: F.avg_pool2d(
        x, 3, (2, 3), ceil_mode=True, count_include_pad=False
    ),
}


def case(out, name, nodes, shape, constants={}, opset=17):
    random = np.random.default_rng(len(out))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"] + list(shape[1:]))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    x = random.standard_normal(shape).astype(np.float32)
    y = (
        by_torch[name](torch.from_numpy(x)).numpy()
        if name in by_torch
        else ReferenceEvaluator(model).run(None, {"x": x})[0]
    )
    out[f"{name}.model"] = torch.frombuffer(
        bytearray(model.SerializeToString()), dtype=torch.uint8
    ).clone()
    out[f"{name}.input"], out[f"{name}.output"] = torch.from_numpy(x), torch.from_numpy(
        np.array(y, np.float32)
    )


def operators():
    out, r = {}, np.random.default_rng(1)
    f = lambda *s: r.standard_normal(s).astype(np.float32)
    i = lambda *v: np.asarray(v, np.int64)
    n = lambda op, inputs="x", **a: helper.make_node(op, inputs.split(" "), ["y"], **a)
    image = (2, 4, 5, 7)
    one = lambda name, op, inputs="x", shape=image, constants={}, opset=17, **a: case(
        out, name, [n(op, inputs, **a)], shape, constants, opset
    )
    for name, a in {
        "plain": {},
        "strides": {"strides": [2, 3]},
        "pads": {"pads": [1, 2, 0, 3]},
        "dilations": {"dilations": [2, 2]},
        "sameUpper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        "sameLower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        "valid": {"auto_pad": "VALID"},
    }.items():
        one(f"conv.{name}", "Conv", "x w b", constants={"w": f(6, 4, 3, 2), "b": f(6)}, **a)
    one("conv.groups", "Conv", "x w", constants={"w": f(6, 2, 3, 3)}, group=2, pads=[1, 1, 1, 1])
    one("conv.depthwise", "Conv", "x w", constants={"w": f(8, 1, 3, 3)}, group=4)
    row = (3, 5)
    one("gemm", "Gemm", "x w b", row, {"w": f(5, 4), "b": f(4)})
    one("gemm.transposed", "Gemm", "x w b", row, {"w": f(4, 5), "b": f(4)}, transB=1)
    one(
        "gemm.scaled",
        "Gemm",
        "x w b",
        row,
        {"w": f(4, 5), "b": f(1, 4)},
        transB=1,
        alpha=0.5,
        beta=2.0,
    )
    one("matmul", "MatMul", "x w", row, {"w": f(5, 4)})
    one("matmul.images", "MatMul", "x w", image, {"w": f(7, 3)})
    one(
        "batchnorm",
        "BatchNormalization",
        "x s b m v",
        constants={"s": f(4), "b": f(4), "m": f(4), "v": f(4) ** 2 + 0.1},
        epsilon=1e-3,
    )
    for kind in ("MaxPool", "AveragePool"):
        for name, a in {
            "plain": {},
            "strides": {"strides": [2, 2]},
            "pads": {"pads": [1, 1, 1, 1], "strides": [2, 1]},
            "uneven": {"pads": [0, 1, 2, 0]},
            "ceil": {"strides": [2, 3], "ceil_mode": 1},
            "ceilPads": {"strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
            "same": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        }.items():
            one(f"{kind}.{name}", kind, kernel_shape=[3, 3], **a)
    one("MaxPool.dilations", "MaxPool", kernel_shape=[2, 2], dilations=[2, 3])
    one(
        "AveragePool.counted",
        "AveragePool",
        kernel_shape=[3, 3],
        pads=[1, 1, 1, 1],
        count_include_pad=1,
    )
    one(
        "AveragePool.countedUneven",
        "AveragePool",
        kernel_shape=[3, 2],
        pads=[2, 0, 1, 1],
        count_include_pad=1,
    )
    for op in (
        "GlobalAveragePool",
        "Relu",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Exp",
        "Neg",
        "Identity",
        "Flatten",
    ):
        one(op, op)
    one("LeakyRelu", "LeakyRelu", alpha=0.2)
    one("Dropout", "Dropout")
    one("Flatten.2", "Flatten", axis=2)
    one("ReduceMean", "ReduceMean", axes=[2, 3], keepdims=0)
    one("ReduceMean.input", "ReduceMean", "x a", constants={"a": i(-1)}, opset=18)
    for op in ("Add", "Sub", "Mul", "Div"):
        one(op, op, "x c", constants={"c": f(4, 1, 7) + 3})
        (
            one(f"{op}.first", op, "c x", constants={"c": f(1) + 3}, shape=image)
            if op != "Div"
            else None
        )
    case(out, "Sqrt", [helper.make_node("Exp", ["x"], ["e"]), n("Sqrt", "e")], image)
    one("Clip", "Clip", "x lo hi", constants={"lo": np.float32(-0.5), "hi": np.float32(0.7)})
    one("Clip.low", "Clip", "x lo", constants={"lo": np.float32(0)})
    one("Softmax", "Softmax", shape=row)
    one("Softmax.axis", "Softmax", axis=1)
    one("LogSoftmax", "LogSoftmax", shape=row)
    one("Reshape", "Reshape", "x s", constants={"s": i(0, -1)})
    one("Reshape.split", "Reshape", "x s", constants={"s": i(0, 2, 2, -1)})
    one("Transpose", "Transpose", perm=[0, 2, 3, 1])
    one("Squeeze", "Squeeze", "x a", (2, 3, 1, 1), {"a": i(2, 3)})
    one("Unsqueeze", "Unsqueeze", "x a", row, {"a": i(1, -1)})
    one("Concat", "Concat", "x c x", constants={"c": f(2, 1, 5, 7)}, axis=1)
    one(
        "Slice",
        "Slice",
        "x b e a s",
        constants={"b": i(1, 0), "e": i(-1, 100), "a": i(2, 3), "s": i(1, 2)},
    )
    one("Gather", "Gather", "x i", constants={"i": i(2, -1, 0)}, axis=1)
    one("Gather.single", "Gather", "x i", constants={"i": np.int64(1)}, axis=1)
    one("Pad", "Pad", "x p v", constants={"p": i(0, 0, 1, 2, 0, 0, 3, 0), "v": np.float32(0.5)})
    one("Pad.channels", "Pad", "x p", constants={"p": i(0, 2, 0, 0, 0, 1, 0, 0)})
    one("Cast", "Cast", to=1)
    case(
        out,
        "Constant",
        [helper.make_node("Constant", [], ["c"], value_float=2.5), n("Mul", "x c")],
        image,
    )
    case(
        out,
        "Shape",
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Gather", ["s", "zero"], ["batch"], axis=0),
            helper.make_node("Unsqueeze", ["batch", "zeros"], ["first"]),
            helper.make_node("Concat", ["first", "rest"], ["shape"], axis=0),
            n("Reshape", "x shape"),
        ],
        image,
        {"zero": np.int64(0), "zeros": i(0), "rest": i(-1)},
    )
    save_file({k: v.contiguous() for k, v in out.items()}, f"{fixtures}/onnx-operators.safetensors")
    # Files that must be refused: an operator that is not supported, a dropout in training mode, and
    # numbers in another file.
    for name, op in (("unsupported", "Hardmax"), ("training", "Dropout")):
        nodes = [
            helper.make_node(
                op, ["x"] if op == "Hardmax" else ["x", "", "t"], ["y"], name="the-node"
            )
        ]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 5])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(np.array(True), "t")],
        )
        onnx.save(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
            f"{fixtures}/{name}.onnx",
        )
    model = onnx.load(f"{fixtures}/tiny.onnx")
    onnx.save(
        model,
        f"{fixtures}/external.onnx",
        save_as_external_data=True,
        location="external.bin",
        size_threshold=0,
    )
    os.remove(f"{fixtures}/external.bin")


def parity(folder, out):
    """Exports the networks of a folder as state dictionaries and ONNX files."""
    os.makedirs(out, exist_ok=True)
    for name in ("fastat", "smallbn"):
        module = torch.jit.load(f"{folder}/{name}.torchscript.pt").eval()
        torch.save(load_file(f"{folder}/{name}.safetensors"), f"{out}/{name}.pth")
        export(module, torch.rand(2, 1, 28, 28), f"{out}/{name}.onnx")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--parity")
    parser.add_argument("--out", default="foreign")
    options = parser.parse_args()
    parity(options.parity, options.out) if options.parity else (
        tiny(),
        mistakes(),
        habits(),
        operators(),
    )
