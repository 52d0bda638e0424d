#!/usr/bin/env python3
"""Writes files of awkward programs and weights into Tests/ForeignModelsTests/Fixtures/Programs.

    .deps/foreign/bin/python scripts/awkward_programs.py

The environment is that of scripts/foreign_models.py. `answers.safetensors` has the images, and what
PyTorch computes for them: the logits of `binary`, of the outputs of `outputs`, and of the float32 model
with the widened weights of `half`.
"""

import json, os, sys, warnings, zipfile
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "../Tests/ForeignModelsTests/Fixtures/Programs")


def without_places(path):
    """Removes the members of a TorchScript archive that contain paths of this machine."""
    with zipfile.ZipFile(path) as archive:
        members = [(n, archive.read(n)) for n in archive.namelist() if not n.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)


def save(program, name):
    path = f"{folder}/{name}.pt"
    program.save(path)
    without_places(path)


class Base(nn.Module):
    """Logits of three classes for images of 1x4x4."""

    def __init__(self, outputs=3):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 4, outputs)

    def features(self, x):
        return F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)

    def forward(self, x):
        return self.fc(self.features(x))


class Binary(Base):
    def __init__(self):
        super().__init__(1)


class Flat(Binary):
    def forward(self, x):
        return self.fc(self.features(x)).squeeze(1)


class Pair(Base):
    """The features come first, and nothing in place of further outputs."""

    def forward(self, x) -> Tuple[torch.Tensor, Optional[torch.Tensor], torch.Tensor]:
        h = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return h, None, self.fc(h)


class Answer(NamedTuple):
    features: torch.Tensor
    logits: torch.Tensor


class Named(Base):
    def forward(self, x) -> Answer:
        h = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return Answer(h, self.fc(h))


class Keys(Base):
    def forward(self, x) -> Dict[str, torch.Tensor]:
        h = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return {"features": h, "logits": self.fc(h)}


class Single(Base):
    def forward(self, x) -> Tuple[Optional[torch.Tensor], torch.Tensor]:
        return None, self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))


class Nested(Base):
    def forward(self, x) -> Tuple[List[torch.Tensor], torch.Tensor]:
        h = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return [h, self.fc(h)], h


# ---- operators without a derivative
class NoBackward(Base):
    """An operator whose derivative PyTorch does not implement: its backward pass fails."""

    def forward(self, x):
        return self.fc(self.features(x + 0 * torch.igamma(x + 1, torch.ones_like(x))))


class NoForward(Base):
    """An operator that fails where gradients are recorded."""

    def forward(self, x):
        out = torch.empty_like(x)
        torch.add(x, 0.0, out=out)
        return self.fc(self.features(out))


class Rounded(Base):
    def forward(self, x):
        return self.fc(self.features(torch.round(x * 8) / 8))


class Detached(Base):
    def forward(self, x):
        return self.fc(self.features(x.detach()))


# ---- half precision
class Half(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(16, 3)
        self.register_buffer("shift", torch.tensor([0.5, 0.25, 0.125, 0.0]), persistent=False)

    def forward(self, x):
        dtype = self.fc.weight.dtype
        x = x.to(dtype) - torch.full((1, 1, 1, 1), 0.25, dtype=dtype)
        x = self.bn(self.conv(x)) + self.shift.view(1, 4, 1, 1)
        x = x * torch.tensor([1.0, 0.75, 0.5, 0.25], dtype=dtype).view(1, 4, 1, 1)
        h = F.max_pool2d(F.relu(x), 2).flatten(1)
        return self.fc(torch.cat([h[:, :8], torch.zeros_like(h[:, 8:]) + h[:, 8:]], 1)).float()


class ScriptedHalf(Half):
    def forward(self, x):
        x = x.half() - torch.full([1, 1, 1, 1], 0.25, dtype=torch.float16)
        x = self.bn(self.conv(x)) + self.shift.view(1, 4, 1, 1)
        h = F.max_pool2d(F.relu(x), 2).flatten(1)
        return self.fc(h).to(torch.float32)


def main():
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(11)
    images = torch.rand(5, 1, 4, 4)
    base, answers = Base().eval(), {"images": images}

    def with_base(kind):
        model = kind().eval()
        if model.fc.weight.shape == base.fc.weight.shape:
            model.load_state_dict(base.state_dict())
        return model

    answers["logits"] = base(images).detach()
    save(torch.jit.trace(base, images[:2]), "plain")
    for kind in (Pair, Named, Keys, Single, Nested):
        save(torch.jit.script(with_base(kind)), f"outputs.{kind.__name__.lower()}")
    binary = Binary().eval()
    flat = Flat().eval()
    flat.load_state_dict(binary.state_dict())
    answers["binary"] = binary(images).detach()
    save(torch.jit.trace(binary, images[:2]), "binary")
    save(torch.jit.trace(flat, images[:2]), "binary.flat")
    torch.save(binary.state_dict(), f"{folder}/binary.pth")
    for name, model, outputs in (
        ("binary", binary, ["z"]),
        ("outputs", with_base(Named), ["features", "logits"]),
    ):
        torch.onnx.export(
            model,
            images[:2],
            f"{folder}/{name}.onnx",
            dynamo=False,
            input_names=["images"],
            output_names=outputs,
            dynamic_axes={n: {0: "batch"} for n in ["images"] + outputs},
        )
    for kind in (NoBackward, NoForward, Rounded, Detached):
        model = with_base(kind)
        save(torch.jit.trace(model, images[:2]), kind.__name__.lower())
    for engine in ("onednn", "fbgemm", "qnnpack"):
        if engine in torch.backends.quantized.supported_engines:
            torch.backends.quantized.engine = engine
            break
    quantised = torch.ao.quantization.quantize_dynamic(with_base(Base), {nn.Linear}, torch.qint8)
    save(torch.jit.trace(quantised, images[:2]), "quantised")

    half = Half()
    for _ in range(20):
        half(torch.rand(16, 1, 4, 4))
    for name, kind in (("half.traced", Half), ("half.scripted", ScriptedHalf)):
        model = kind().eval()
        model.load_state_dict(half.state_dict())
        model = model.half()
        wide = kind().eval()
        wide.load_state_dict({k: v.float() if v.is_floating_point() else v
                              for k, v in model.state_dict().items()})
        wide.shift = model.shift.float()
        if kind is ScriptedHalf:
            save(torch.jit.script(model), name)
            class Wide(ScriptedHalf):
                def forward(self, x):
                    x = self.bn(self.conv(x - 0.25)) + self.shift.view(1, 4, 1, 1)
                    return self.fc(F.max_pool2d(F.relu(x), 2).flatten(1))
            wide.__class__ = Wide
        else:
            save(torch.jit.trace(model, images[:2].half()), name)
        x = images.clone().requires_grad_(True)
        logits = wide(x)
        answers[name] = logits.detach()
        (answers[f"{name}.gradient"],) = torch.autograd.grad(logits[:, 1].sum(), x)
        print(name, (model(images.half()).float() - logits).abs().max().item())
    save_file(answers, f"{folder}/answers.safetensors")

    # The format of torch.save before PyTorch 1.6: tensors that share a storage, of several types.
    shared = torch.arange(12, dtype=torch.float32)
    state = {
        "a.weight": shared[:6].view(2, 3), "a.bias": shared[6:8], "b.weight": shared[:4].view(2, 2).t(),
        "half": torch.tensor([1.5, -2.0]).half(), "count": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }
    torch.save({"epoch": 3, "state_dict": state, "args": {"lr": 0.1}}, f"{folder}/old.pth",
               _use_new_zipfile_serialization=False)
    torch.save(state, f"{folder}/old.protocol4.pth", pickle_protocol=4,
               _use_new_zipfile_serialization=False)
    tiny = torch.load(f"{folder}/../tiny.pth", weights_only=True)
    torch.save(tiny, f"{folder}/old.tiny.pth", _use_new_zipfile_serialization=False)
    torch.save(base, f"{folder}/old.module.pth", _use_new_zipfile_serialization=False)


main()
