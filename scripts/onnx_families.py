#!/usr/bin/env python3
"""Writes the ONNX files of small networks of the families that people evaluate.

    python3 -m venv .deps/foreign
    .deps/foreign/bin/pip install torch==2.13.0 numpy onnx==1.23.2 onnxscript onnxruntime safetensors
    .deps/foreign/bin/python scripts/onnx_families.py

`onnx-families.safetensors` contains each network as both of PyTorch's exporters write it, with a
free batch dimension and for four images at a time, and PyTorch's logits and input gradients.
`onnx-families.data` contains the weights, each different tensor once. Every file is also compared
with ONNX Runtime.

`--all FOLDER` writes the files of both exporters, of the opsets 13, 17, 18 and the default, and of
both kinds of batch into a folder. Tests read them if CROSSFIRE_ONNX names that folder.
"""

import argparse, os, tempfile, warnings
import numpy as np, onnx, onnxruntime, torch, torch.nn as nn, torch.nn.functional as F
from onnx import TensorProto, numpy_helper
from safetensors.torch import save_file
from onnx_family_networks import families

fixtures = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../Tests/ForeignModelsTests/Fixtures"
)
name_of_weights = "onnx-families.data"
warnings.filterwarnings("ignore")


def network(make, seed):
    """A network in evaluation mode whose batch normalisations have statistics of their own."""
    torch.manual_seed(seed)
    model = make()
    model.train()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
        for _ in range(30):
            model(pictures(32))
    return model.eval()


def pictures(count):
    """Pictures of patches with some noise, which differ more than noise alone."""
    patches = F.interpolate(torch.rand(count, 3, 4, 4), scale_factor=4, mode="nearest")
    return (0.8 * patches + 0.2 * torch.rand(count, 3, 16, 16)).contiguous()


def export(model, images, path, dynamo, opset, free):
    names = dict(input_names=["images"], output_names=["logits"])
    if dynamo:
        shapes = ({0: torch.export.Dim("batch")},) if free else None
        torch.onnx.export(
            model, (images,), path, dynamo=True, external_data=False, dynamic_shapes=shapes,
            opset_version=opset, verbose=False, **names)
    else:
        axes = {"images": {0: "batch"}, "logits": {0: "batch"}} if free else None
        torch.onnx.export(
            model, images, path, dynamo=False, opset_version=opset, dynamic_axes=axes, **names)


def stripped(path):
    """The model without remarks about the machine and the code that wrote it."""
    file = onnx.load(path)
    for node in file.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in [*file.graph.value_info, *file.graph.input, *file.graph.output]:
        value.ClearField("metadata_props")
    file.graph.ClearField("value_info")
    file.graph.ClearField("metadata_props")
    return file


class Weights:
    """All different large tensors, one after the other, at multiples of 64 bytes."""

    def __init__(self):
        self.bytes, self.places = bytearray(), {}

    def move(self, file):
        """Puts the large tensors of a model here, and says in the model where they are."""
        for tensor in file.graph.initializer:
            raw = tensor.raw_data
            kinds = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
            if tensor.data_type not in kinds or len(raw) < 256:
                continue
            if raw not in self.places:
                self.bytes += bytes(-len(self.bytes) % 64)
                self.places[raw] = len(self.bytes)
                self.bytes += raw
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", name_of_weights),
                ("offset", self.places[raw]),
                ("length", len(raw)),
            ):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, str(value)


def compare(file, answers, images, count):
    """Compares ONNX Runtime with PyTorch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file.SerializeToString(), options)
    found = session.run(None, {session.get_inputs()[0].name: images[:count].numpy()})[0]
    expected = answers[:count].numpy()
    found = found.reshape(expected.shape)
    return np.abs(found - expected).max() / np.abs(expected).max()


def answers(model, images, labels):
    x = images.clone().requires_grad_(True)
    logits = model(x).flatten(1)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)
    return logits.detach(), gradient


def widened(file):
    """A copy of a model in which all numbers in half precision are float32."""
    halves = (TensorProto.FLOAT16, TensorProto.BFLOAT16)

    def wide(tensor):
        if tensor.data_type in halves:
            numbers = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(numbers, tensor.name))

    copy = onnx.ModelProto()
    copy.CopyFrom(file)
    for tensor in copy.graph.initializer:
        wide(tensor)
    for node in copy.graph.node:
        for attribute in node.attribute:
            wide(attribute.t)
            if attribute.name == "to" and attribute.i in halves:
                attribute.i = TensorProto.FLOAT
    for value in [*copy.graph.input, *copy.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.FLOAT
    return copy


def halves(out, weights, images):
    """Networks in half precision, with the logits of the same graph in float32. Exporters round
    some weights, for example after they have included a batch normalisation in them."""
    for family in ("resnet", "vit"):
        for kind in (torch.float16, torch.bfloat16):
            model = network(families[family], 3).to(kind)
            name = f"{family}-{'half' if kind == torch.float16 else 'bfloat'}"
            with tempfile.TemporaryDirectory() as work:
                export(model, images[:3].to(kind), f"{work}/x.onnx", True, None, True)
                file = stripped(f"{work}/x.onnx")
            session = onnxruntime.InferenceSession(widened(file).SerializeToString())
            logits = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
            weights.move(file)
            out[f"{name}.dynamo.free.onnx"] = torch.frombuffer(
                bytearray(file.SerializeToString()), dtype=torch.uint8).clone()
            out[f"{name}.logits"] = torch.from_numpy(logits)


def main(folder):
    torch.set_num_threads(1)
    variants = [
        (dynamo, opset, free)
        for dynamo in (False, True) for opset in (13, 17, 18, None) for free in (True, False)
    ] if folder else [
        (False, 13, True), (False, 17, False), (False, 17, True), (True, 18, False), (True, None, True)]
    torch.manual_seed(1)
    images, labels = pictures(6), torch.tensor([0, 1, 2, 3, 4, 0])
    out, weights = {"images": images, "labels": labels}, Weights()
    for seed, (family, make) in enumerate(families.items()):
        model = network(make, seed)
        logits, gradient = answers(model, images, labels)
        out[f"{family}.logits"], out[f"{family}.gradient"] = logits, gradient
        print(family, sum(p.numel() for p in model.parameters()), "parameters",
            "spread of logits", f"{logits.std(0).mean():.3f}",
            "gradient", f"{gradient.abs().mean():.1e}")
        for dynamo, opset, free in variants:
            name = f"{family}.{'dynamo' if dynamo else 'script'}{opset or ''}.{'free' if free else 'fixed'}"
            with tempfile.TemporaryDirectory() as work:
                path = f"{work}/x.onnx"
                try:
                    export(model, images[: 3 if free else 4], path, dynamo, opset, free)
                except Exception as error:
                    print("  ", name, "is not exported:", str(error).split("\n")[0][:200])
                    continue
                file = stripped(path)
            error = compare(file, logits, images, 6 if free else 4)
            assert error < 1e-4, (name, error)
            operators = {node.op_type for node in file.graph.node}
            used = next(o.version for o in file.opset_import if o.domain in ("", "ai.onnx"))
            print("  ", name, f"opset {used}", f"{error:.1e}", len(file.graph.node), "nodes", " ".join(sorted(operators)))
            weights.move(file)
            out[f"{name}.onnx"] = torch.frombuffer(
                bytearray(file.SerializeToString()), dtype=torch.uint8).clone()
    halves(out, weights, images)
    folder = folder or fixtures
    os.makedirs(folder, exist_ok=True)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/onnx-families.safetensors")
    with open(f"{folder}/{name_of_weights}", "wb") as stream:
        stream.write(weights.bytes)
    for name in ("onnx-families.safetensors", name_of_weights):
        print(name, os.path.getsize(f"{folder}/{name}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--all")
    main(parser.parse_args().all)
