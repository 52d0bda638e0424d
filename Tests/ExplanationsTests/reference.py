#!/usr/bin/env python3
"""Computes reference.safetensors, with which ReferenceTests compares the explanations.

    python3 -m venv v && v/bin/pip install torch captum lime scikit-learn
    v/bin/python reference.py

Integrated gradients and occlusion are those of Captum, LIME is the package lime, and SmoothGrad and
the curves are a few lines of PyTorch. All computations are in float64, from weights and inputs that
are exact in float32; results are stored in float32. The stored file is of torch 2.15.0, captum 0.9.0,
lime 0.2.0.1 and scikit-learn 1.9.1.
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients, Occlusion
from lime import lime_image, lime_tabular, lime_text
from sklearn.metrics import pairwise_distances

torch.manual_seed(7)
torch.set_num_threads(1)
stored = {}


def store(name, value):
    value = value.detach() if isinstance(value, torch.Tensor) else torch.tensor(np.asarray(value))
    kept = value.to(torch.int64 if value.dtype == torch.int64 else torch.float32).contiguous()
    stored[name] = kept
    return kept.to(torch.float64) if kept.dtype == torch.float32 else kept


def write(path):
    header, bodies, offset = {}, [], 0
    for name, tensor in stored.items():
        body = tensor.numpy().tobytes()
        kind = "I64" if tensor.dtype == torch.int64 else "F32"
        header[name] = {"dtype": kind, "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(body)]}
        bodies.append(body)
        offset += len(body)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(bodies))


# --- Pictures: a small smooth network -----------------------------------------------------------
layers = torch.nn.Sequential(
    torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.Tanh(), torch.nn.Flatten(),
    torch.nn.Linear(6 * 8 * 8, 12), torch.nn.Tanh(), torch.nn.Linear(12, 4)).double()
with torch.no_grad():
    for name, parameter in layers.named_parameters():
        parameter.mul_(2.5)
        parameter.copy_(store(f"picture.{name}", parameter))
x = store("picture.inputs", torch.rand(5, 3, 8, 8))
classes = store("picture.classes", layers(x).argmax(1))


def probability(inputs):
    return layers(inputs).softmax(1)


for kind, f in [("logit", layers), ("probability", probability)]:
    ig, gap = IntegratedGradients(f).attribute(
        x, baselines=0.0, target=classes, n_steps=50, method="riemann_middle",
        return_convergence_delta=True)
    store(f"picture.integrated.{kind}", ig)
    store(f"picture.integrated.{kind}.gap", gap.abs())
    store(f"picture.occlusion.{kind}", Occlusion(f).attribute(
        x, sliding_window_shapes=(3, 3, 3), strides=(3, 2, 2), baselines=0.0, target=classes))

noise = store("picture.noise", torch.randn(10, 5, 3, 8, 8) * 0.15)
total = torch.zeros_like(x)
for own in noise:
    moved = (x + own).requires_grad_()
    chosen = probability(moved).gather(1, classes[:, None]).sum()
    total += torch.autograd.grad(chosen, moved)[0]
store("picture.smooth", total / len(noise))

# The curves: pixels in the order of the integrated gradients, summed over the channels.
scores = stored["picture.integrated.probability"].double().sum(1).flatten(1)
order = scores.argsort(1, descending=True)
steps = 20
deletion, insertion = [], []
for step in range(steps + 1):
    count = round(step / steps * order.shape[1] + 1e-9)
    mask = torch.zeros_like(scores)
    mask.scatter_(1, order[:, :count], 1.0)
    mask = mask.reshape(5, 1, 8, 8)
    deletion.append(probability(x * (1 - mask)).gather(1, classes[:, None])[:, 0])
    insertion.append(probability(x * mask).gather(1, classes[:, None])[:, 0])
for name, curve in [("deletion", deletion), ("insertion", insertion)]:
    curve = store(f"picture.{name}", torch.stack(curve))
    store(f"picture.{name}.area", torch.trapezoid(curve, dx=1 / steps, dim=0))

# LIME for pictures: four patches along each side, given samples.
base = lime_image.LimeImageExplainer(random_state=1).base
segments = torch.tensor([[(y * 4 // 8) * 4 + c * 4 // 8 for c in range(8)] for y in range(8)])
kept = np.random.RandomState(2).randint(0, 2, 200 * 16).reshape(200, 16)
kept[0] = 1
store("picture.lime.kept", kept.astype(np.float32))
image = x[0].permute(1, 2, 0).numpy()
fudged = image.copy()
for patch in range(16):
    inside = (segments == patch).numpy()
    fudged[inside] = image[inside].mean(0)
neighbours = []
for row in kept:
    own = image.copy()
    for patch in np.where(row == 0)[0]:
        inside = (segments == patch).numpy()
        own[inside] = fudged[inside]
    neighbours.append(own)
inputs = torch.tensor(np.stack(neighbours).transpose(0, 3, 1, 2))
store("picture.lime.inputs", inputs[:20])
answers = store("picture.lime.scores", probability(inputs)[:, classes[0]])
distances = pairwise_distances(kept, kept[0].reshape(1, -1), metric="cosine").ravel()
fit = base.explain_instance_with_data(
    kept, answers.numpy()[:, None], distances, 0, 100000, feature_selection="auto")
store("picture.lime.weights", [dict(fit[1])[i] for i in range(16)])

# --- Tables -------------------------------------------------------------------------------------
random = np.random.RandomState(3)
spread = np.array([1, 2, 5, 0.5, 1, 3, 1, 10, 1, 1.0])
train = store("table.rows", random.randn(600, 10) * spread + spread)
truth = torch.tensor(1.6 ** -np.arange(10)) / torch.tensor(spread)
signs = torch.tensor([1, -1, 1, 1, -1, -1, 1, 1, -1, 1.0])
labels = ((train - torch.tensor(spread)) @ (truth * signs) > 0).long()
net = torch.nn.Sequential(
    torch.nn.Linear(10, 12), torch.nn.Tanh(), torch.nn.Linear(12, 2)).double()
optimizer = torch.optim.Adam(net.parameters(), 0.02)
for _ in range(200):
    optimizer.zero_grad()
    scaled = (train - torch.tensor(spread)) / torch.tensor(spread)
    torch.nn.functional.cross_entropy(net(scaled), labels).backward()
    optimizer.step()
with torch.no_grad():
    # The standardisation becomes part of the first layer.
    net[0].bias -= net[0].weight.sum(1)
    net[0].weight /= torch.tensor(spread)
    for name, parameter in net.named_parameters():
        parameter.copy_(store(f"table.{name}", parameter))
data = train.numpy()


def predict(rows):
    with torch.no_grad():
        return net(torch.tensor(rows)).softmax(1).numpy()


for kind, discretize in [("quartiles", True), ("continuous", False)]:
    explainer = lime_tabular.LimeTabularExplainer(
        data, discretize_continuous=discretize, random_state=4, feature_selection="none")
    z, inverse = explainer._LimeTabularExplainer__data_inverse(data[0], 200)
    inverse = inverse.astype(np.float32).astype(np.float64)
    scaled = ((z - explainer.scaler.mean_) / explainer.scaler.scale_).astype(np.float32)
    scaled = scaled.astype(np.float64)
    gaps = pairwise_distances(scaled, scaled[0].reshape(1, -1), metric="euclidean").ravel()
    answers = predict(inverse)
    label = int(answers[0].argmax())
    store(f"table.{kind}.features", scaled)
    store(f"table.{kind}.inputs", inverse)
    store(f"table.{kind}.scores", answers[:, label])
    for name, choice, most in [("all", "none", 10), ("four", "highest_weights", 4)]:
        fit = explainer.base.explain_instance_with_data(
            scaled, answers, gaps, label, most, feature_selection=choice)
        store(f"table.{kind}.{name}", [dict(fit[1]).get(i, 0.0) for i in range(10)])

# On its own samples. With 5,000 of them, lime itself finds other features for other seeds.
explainer = lime_tabular.LimeTabularExplainer(
    data, discretize_continuous=True, random_state=5, feature_selection="none")
own = []
for row in data[:50]:
    label = int(predict(row[None]).argmax())
    fit = explainer.explain_instance(
        row, predict, labels=[label], num_features=10, num_samples=20_000)
    own.append([dict(fit.as_map()[label])[i] for i in range(10)])
store("table.own", own)

# --- Texts --------------------------------------------------------------------------------------
# Ten words, of which some are removed; the table's network judges the weights.
base = lime_text.LimeTextExplainer(random_state=6).base
weights = store("text.row", random.rand(10) + 0.5)
present = np.ones((200, 10))
for row in present[1:]:
    row[random.choice(10, random.randint(1, 11), replace=False)] = 0
store("text.kept", present)
inputs = present * weights.numpy()
answers = predict(inputs)
label = int(answers[0].argmax())
store("text.scores", answers[:, label])
gaps = pairwise_distances(present, present[0].reshape(1, -1), metric="cosine").ravel() * 100
fit = base.explain_instance_with_data(
    present, answers, gaps, label, 10, feature_selection="none")
store("text.weights", [dict(fit[1])[i] for i in range(10)])

write(Path(__file__).with_name("reference.safetensors"))
for name, tensor in stored.items():
    print(name, list(tensor.shape))
