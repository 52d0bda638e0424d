"""The networks of Benchmarks/peers.py that Crossfire reads from files, and those files."""

import logging
import warnings

import torch
import torch.nn.functional as F

import networks
from network_residual import ResNet

# The kinds of files: Crossfire's own layers with weights from a state dictionary, and programs.
KINDS = ["layers", "torch.export", "TorchScript", "ONNX"]


class SmallResNet(ResNet):
    """ResNet-18 for images of 32x32 pixels; kuangliu/pytorch-cifar."""

    def __init__(self):
        super().__init__([2, 2, 2, 2], False, 10)
        self.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def kuangliu(name):
    return name.replace("downsample", "shortcut").replace("fc.", "linear.")


def built(name, size):
    torch.manual_seed(1)
    model = SmallResNet().eval() if name == "resnet18" else networks.build(name, size=size)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.to(memory_format=torch.channels_last)


def written(home, name, size, kind):
    """The network in PyTorch, with channels last, the path of its file, and settings for Crossfire."""
    logging.disable(logging.ERROR)
    model = built(name, size)
    plain = built(name, size).to(memory_format=torch.contiguous_format)
    x, batch = torch.rand(2, 3, size, size), {0: torch.export.Dim("batch")}
    endings = {"layers": "pth", "torch.export": "pt2", "TorchScript": "pt", "ONNX": "onnx"}
    path = home / f"{name}.{endings[kind]}"
    notes = {"input": f"3x{size}x{size}"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "layers":
            state = plain.state_dict()
            if name == "resnet18":
                state = {kuangliu(key): value for key, value in state.items()}
            torch.save(state, path)
            notes |= {"architecture": name, "classes": 10 if size == 32 else 1000}
        elif kind == "torch.export":
            torch.export.save(torch.export.export(plain, (x,), dynamic_shapes=(batch,)), path)
        elif kind == "TorchScript":
            torch.jit.trace(plain, x).save(str(path))
        else:
            torch.onnx.export(
                plain, x, path, dynamo=False, input_names=["x"], output_names=["y"],
                dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
    return model, path, " ".join(f"{key}={value}" for key, value in notes.items())
