#!/usr/bin/env python3
"""Writes published networks in every kind of file that Crossfire reads, and PyTorch's answers.

    python3 scripts/check_routes.py FOLDER [NETWORK ...]
    CROSSFIRE_ROUTES=FOLDER swift test --filter RouteTests

The networks are those of networks.py, with random weights, at their published sizes, in float32 and
in half precision. For each of them the folder gets an archive of torch.export, ONNX files of both
exporters, a TorchScript program, a state dictionary and a safetensors file, and the logits and
input gradients that PyTorch computes with the same weights in float32. It needs torch, numpy, onnx,
onnxscript and safetensors. A network takes up to 1.5 GB; remove its files before the next one.
"""

import copy, logging, os, sys, warnings
import torch, torch.nn.functional as F
from safetensors.torch import save_file
import networks

warnings.filterwarnings("ignore")
logging.disable(logging.ERROR)


def answers(model, images, labels):
    x = images.clone().requires_grad_(True)
    logits = model(x)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)
    return {"images": images, "labels": labels, "logits": logits.detach(), "gradient": gradient}


def all_answers(model, images, labels):
    """PyTorch's answers in float32, and the gradient in float64: how far these two differ shows how
    much rounding alone moves the gradient, where ReLU turns numbers on and off."""
    exact = answers(copy.deepcopy(model).double(), images.double(), labels)
    return answers(model, images, labels) | {"exact": exact["gradient"].float()}


def write(model, images, start):
    """All files of a network; `start` is the beginning of their names."""
    batch = ({0: torch.export.Dim("batch")},)
    routes = {
        "pt2": lambda path: torch.export.save(
            torch.export.export(model, (images,), dynamic_shapes=batch), path),
        "pt": lambda path: torch.jit.trace(model, images).save(path),
        "pth": lambda path: torch.save(model.state_dict(), path),
        "safetensors": lambda path: save_file(
            {k: v.contiguous() for k, v in model.state_dict().items()}, path),
        # In half precision, the exporters would round the products of batch normalisations and
        # convolutions once more, so that they are kept apart.
        "dynamo.onnx": lambda path: torch.onnx.export(
            model, (images,), path, dynamo=True, dynamic_shapes=batch, verbose=False,
            optimize=images.dtype == torch.float32),
        "script.onnx": lambda path: torch.onnx.export(
            model, images, path, dynamo=False, input_names=["images"], output_names=["logits"],
            dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
            training=torch.onnx.TrainingMode.EVAL if images.dtype == torch.float32
            else torch.onnx.TrainingMode.PRESERVE),
    }
    for route, save in routes.items():
        try:
            save(f"{start}.{route}")
        except Exception as error:
            print(f"{start}.{route}: PyTorch cannot write it: {str(error).splitlines()[0][:120]}")


def main(folder, names):
    torch.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    for name in names or networks.NAMES:
        for kind in ("float32", "half"):
            model = networks.build(name)
            images = networks.images(name, count=4)
            if kind == "half":
                model = model.half()
            write(model, images.half() if kind == "half" else images, f"{folder}/{name}.{kind}")
            labels = torch.arange(4) % networks.SIZES[name][1]
            found = all_answers(model.float(), images, labels)
            save_file(
                {k: v.contiguous() for k, v in found.items()}, f"{folder}/{name}.{kind}.answers")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
