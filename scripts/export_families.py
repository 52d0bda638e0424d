#!/usr/bin/env python3
"""Writes archives of torch.export (.pt2) of small networks of the families that people evaluate.

    .deps/foreign/bin/python scripts/export_families.py

It needs the environment of onnx_families.py, and writes `export-families.zip`: each network with a
free batch dimension and for four images at a time, some of them in half precision, and a few
programs that must be refused. The networks, the images and PyTorch's answers are those of
`onnx-families.safetensors`. Of each archive, the remarks about the machine and the code that wrote
it are removed. `export-families.safetensors` contains the answers of the networks in half precision, as
PyTorch computes them with the same weights in float32.
"""

import io, json, os, tempfile, warnings, zipfile
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import load_file, save_file
from onnx_families import answers, families, fixtures, network, pictures

warnings.filterwarnings("ignore")
batch = ({0: torch.export.Dim("batch")},)


def exported(model, images, free=True):
    """The bytes of the archive, without remarks."""
    program = torch.export.export(model, (images,), dynamic_shapes=batch if free else None)
    with tempfile.TemporaryDirectory() as folder:
        torch.export.save(program, f"{folder}/x.pt2")
        source = zipfile.ZipFile(f"{folder}/x.pt2")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if "sample_inputs" in name or ".data/" in name:
                    continue
                if name.endswith("models/model.json"):
                    graph = json.loads(content)
                    graph["graph_module"]["module_call_graph"] = []
                    for node in graph["graph_module"]["graph"]["nodes"]:
                        node["metadata"] = {}
                    content = json.dumps(graph)
                target.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


class Random(nn.Linear):
    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


class Counter(nn.Linear):
    """Counts its calls in a buffer."""

    def __init__(self):
        super().__init__(4, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls.add_(1)
        return super().forward(x) * self.calls


class Twice(nn.Linear):
    """Writes into its input, and into a tensor of which another shape exists already."""

    def forward(self, x):
        x.mul_(2)
        y = super().forward(x)
        rows = y.view(-1)
        y.relu_()
        return rows.view(-1, 3) + y


class Unviewed(nn.Module):
    """Writes into the result of a normalised convolution after another shape of it was made."""

    def __init__(self):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.norm(self.convolution(x))
        rows = y.view(x.shape[0], -1)
        y.relu_()
        return rows.view(x.shape[0], 4, -1).mean(2) + 0.1 * y.amax((2, 3))


class Masked(nn.Module):
    """Attention with a mask of truth values: each token sees those before it, and another one."""

    def __init__(self):
        super().__init__()
        self.qkv, self.last = nn.Linear(6, 12), nn.Linear(4, 3)
        mask = torch.ones(6, 6, dtype=torch.bool).tril()
        mask[0, 5] = True
        self.register_buffer("mask", mask)

    def forward(self, x):
        tokens = x.unsqueeze(-1) * torch.eye(6)
        q, k, v = self.qkv(tokens).unsqueeze(1).chunk(3, -1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        return self.last(y.squeeze(1).mean(1))


def main():
    torch.set_num_threads(1)
    known = load_file(f"{fixtures}/onnx-families.safetensors")
    torch.manual_seed(1)
    images, labels = pictures(6), torch.tensor([0, 1, 2, 3, 4, 0])
    assert torch.equal(images, known["images"])
    files, half = {}, {}
    for seed, (family, make) in enumerate(families.items()):
        model = network(make, seed)
        logits, _ = answers(model, images, labels)
        assert torch.equal(logits, known[f"{family}.logits"]), family
        files[f"{family}.free.pt2"] = exported(model, images[:3])
        if family in ("vit", "mobilenetv3", "densenet"):
            files[f"{family}.fixed.pt2"] = exported(model, images[:4], free=False)
        if family in ("vit", "convnext", "padded"):
            for kind, type in (("half", torch.half), ("bfloat16", torch.bfloat16)):
                try:
                    low = exported(model.to(type), images[:3].to(type))
                except Exception as error:
                    print(family, kind, "is not exported:", str(error)[:200])
                    continue
                files[f"{family}.{kind}.pt2"] = low
                logits, gradient = answers(model.float(), images, labels)
                half[f"{family}.{kind}.logits"], half[f"{family}.{kind}.gradient"] = logits, gradient
                model = network(make, seed)
    torch.manual_seed(2)
    rows = torch.rand(5, 4)
    files["refused.random.pt2"] = exported(Random(4, 3).eval(), rows)
    files["refused.counter.pt2"] = exported(Counter().eval(), rows)
    files["refused.training.pt2"] = exported(
        nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout()).train(), rows)
    twice = Twice(4, 3).eval()
    files["twice.pt2"] = exported(twice, rows.clone())
    x = torch.rand(6, 4)
    half["twice.rows"], half["twice.logits"] = x.clone(), twice(x.clone()).detach()
    unviewed, pictures_of_noise = Unviewed().eval(), torch.rand(4, 3, 6, 6)
    unviewed.norm.running_mean.normal_()
    unviewed.norm.running_var.uniform_(0.5, 2)
    files["unviewed.pt2"] = exported(unviewed, pictures_of_noise)
    half["unviewed.images"] = pictures_of_noise
    half["unviewed.logits"] = unviewed(pictures_of_noise).detach()
    masked, rows = Masked().eval(), torch.rand(5, 6)
    files["masked.pt2"] = exported(masked, rows)
    half["masked.images"], half["masked.logits"] = rows, masked(rows).detach()
    with zipfile.ZipFile(f"{fixtures}/export-families.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in sorted(files.items()):
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
            print(name, len(content))
    save_file(
        {k: v.contiguous() for k, v in half.items()}, f"{fixtures}/export-families.safetensors")
    print(os.path.getsize(f"{fixtures}/export-families.zip"), "bytes")


if __name__ == "__main__":
    main()
