// TorchScript: programs that PyTorch exported, with their weights.
#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <fstream>
#include <memory>

#include "Guard.h"

using namespace ctorch;

struct ct_script {
  torch::jit::Module module;
  std::string notes;
};

/// Weights are constants here, and of the one type that everything else computes with.
static void settle(const at::Tensor &tensor) {
  tensor.requires_grad_(false);
  if (tensor.is_floating_point() && tensor.scalar_type() != at::kFloat) tensor.set_data(tensor.to(at::kFloat));
}

ct_script_ref ct_script_load(const char *path, const char *notes, int device) {
  return guarded([&]() -> ct_script_ref {
    // Without this a program is rewritten after its first runs, and its numbers change in their
    // last digits.
    torch::jit::setGraphExecutorOptimize(false);
    torch::jit::ExtraFilesMap extra{{notes, ""}};
    // An open stream, not a name: a name that is not there would be tried as an archive of another
    // kind.
    std::ifstream file(path, std::ios::binary);
    TORCH_CHECK(file.good(), "cannot read ", path);
    auto where = device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
    torch::jit::Module module = torch::jit::load(file, where, extra);
    module.eval();
    for (const at::Tensor &tensor : module.parameters()) settle(tensor);
    for (const at::Tensor &tensor : module.buffers()) settle(tensor);
    return new ct_script{std::move(module), extra[notes]};
  });
}

void ct_script_free(ct_script_ref script) { delete script; }

const char *ct_script_notes(ct_script_ref script) { return script->notes.c_str(); }

int64_t ct_script_weights(ct_script_ref script) {
  int64_t count = 0;
  for (const at::Tensor &tensor : script->module.parameters()) count += tensor.numel();
  return count;
}

ct_ref ct_script_run(ct_script_ref script, ct_ref images) {
  return made([&] {
    c10::IValue out = script->module.forward({images->value});
    TORCH_CHECK(out.isTensor(), "its forward gives ", out.tagKind(), "; expected one tensor of logits");
    at::Tensor logits = out.toTensor();
    TORCH_CHECK(logits.is_floating_point(), "its forward gives ", logits.scalar_type(), " numbers; expected logits");
    return logits.to(at::kFloat);
  });
}
