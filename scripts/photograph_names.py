#!/usr/bin/env python3
"""Writes Tests/ForeignModelsTests/Fixtures/photograph-names.txt: the names and shapes of the tensors
of networks for photographs, as timm, torchvision and Hugging Face's transformers give them, for 10
classes. Needs torch, timm, torchvision and transformers.
"""

import os, timm, torchvision
from transformers import ViTConfig, ViTForImageClassification

here = os.path.dirname(os.path.abspath(__file__))
small = dict(hidden_size=384, num_attention_heads=6, intermediate_size=1536, num_labels=10)
tv = torchvision.models
models = [
    ("vit-s16", "timm", lambda: timm.create_model("vit_small_patch16_224", num_classes=10)),
    ("vit-s16", "torchvision", lambda: tv.VisionTransformer(224, 16, 12, 6, 384, 1536, num_classes=10)),
    ("vit-s16", "transformers", lambda: ViTForImageClassification(ViTConfig(**small))),
    ("mixer-s16", "timm", lambda: timm.create_model("mixer_s16_224", num_classes=10)),
    ("swin-t", "timm", lambda: timm.create_model("swin_tiny_patch4_window7_224", num_classes=10)),
    ("swin-t", "torchvision", lambda: tv.swin_t(num_classes=10)),
    ("convnext-t", "timm", lambda: timm.create_model("convnext_tiny", num_classes=10)),
    ("convnext-t", "torchvision", lambda: tv.convnext_tiny(num_classes=10)),
]


def in_files(name):
    """The name that version 4 of transformers gave a tensor, and that files on the hub have."""
    for new, old in (
        (".layers.", ".encoder.layer."), (".attention.q_proj", ".attention.attention.query"),
        (".attention.k_proj", ".attention.attention.key"),
        (".attention.v_proj", ".attention.attention.value"),
        (".attention.o_proj", ".attention.output.dense"), (".mlp.fc1", ".intermediate.dense"),
        (".mlp.fc2", ".output.dense"),
    ):
        name = name.replace(new, old)
    return name


if __name__ == "__main__":
    lines = []
    for name, source, make in models:
        model = make()
        count = sum(p.numel() for p in model.parameters())
        shapes = [(k, "x".join(map(str, v.shape))) for k, v in model.state_dict().items()]
        lines += [f"= {name} {source} {count}"] + [f"{k} {shape}" for k, shape in shapes]
        if source == "transformers":
            lines += [f"= {name} transformers-4 {count}"]
            lines += [f"{in_files(k)} {shape}" for k, shape in shapes]
    path = f"{here}/../Tests/ForeignModelsTests/Fixtures/photograph-names.txt"
    open(path, "w").write("\n".join(lines) + "\n")
