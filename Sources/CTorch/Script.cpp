// TorchScript: programs that PyTorch exported together with their weights.
#include <ATen/ATen.h>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <fstream>
#include <memory>

#include "Guard.h"
#include "ScriptOutput.h"

using namespace ctorch;

struct ct_script {
  torch::jit::Module module;
  std::string notes;
};

/// Makes a weight a constant, and converts other floating-point types to float32, the type that
/// everything else computes with.
static void settle(const at::Tensor &tensor) {
  tensor.requires_grad_(false);
  if (tensor.is_floating_point() && tensor.scalar_type() != at::kFloat)
    tensor.set_data(tensor.to(at::kFloat));
}

/// Whether weights of this type make the program one in half precision.
static bool is_half(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/// Makes the constants of a block float32, and the conversions to half precision conversions to
/// float32, so that they fit the weights.
static void widen(torch::jit::Block *block) {
  for (torch::jit::Node *node : block->nodes()) {
    for (torch::jit::Block *inner : node->blocks()) widen(inner);
    if (node->kind() == c10::prim::Constant) {
      const auto value = c10::attr::value;
      if (node->hasAttribute(value) && node->kindOf(value) == torch::jit::AttributeKind::t &&
          is_half(node->t(value).scalar_type()))
        node->t_(value, node->t(value).to(at::kFloat));
      continue;
    }
    const auto *schema = node->maybeSchema();
    if (!schema) continue;
    for (size_t i = 0; i < schema->arguments().size() && i < node->inputs().size(); i++) {
      if (schema->arguments()[i].name() != "dtype") continue;
      const auto type = torch::jit::toIValue(node->input(i));
      if (!type || !type->isInt() || !is_half(static_cast<at::ScalarType>(type->toInt()))) continue;
      torch::jit::WithInsertPoint before(node);
      node->replaceInput(i, node->owningGraph()->insertConstant(static_cast<int64_t>(at::kFloat)));
    }
  }
}

/// Makes a program in half precision one in float32. Does nothing if no weight is in half precision:
/// a program may round numbers on purpose.
static void widen(torch::jit::Module &module) {
  bool half = false;
  for (const at::Tensor &tensor : module.parameters()) half |= is_half(tensor.scalar_type());
  if (!half) return;
  for (const torch::jit::Module &part : module.modules()) {
    for (const auto &attribute : part.named_attributes(/*recurse=*/false)) {
      if (attribute.value.isTensor() && attribute.value.toTensor().defined())
        settle(attribute.value.toTensor());
    }
  }
  for (torch::jit::Function *function : module._ivalue()->compilation_unit()->get_functions())
    widen(torch::jit::toGraphFunction(*function).graph()->block());
}

ct_script_ref ct_script_load(const char *path, const char *notes, int device) {
  return guarded([&]() -> ct_script_ref {
    // By default libtorch rewrites a program after its first runs, and the outputs of the rewritten
    // program differ in their last digits. Without rewriting, all runs give the same numbers.
    torch::jit::setGraphExecutorOptimize(false);
    torch::jit::ExtraFilesMap extra{{notes, ""}};
    // The file is passed as an open stream, and not by its path: given the path of a missing file,
    // libtorch tries to read an archive of another kind.
    std::ifstream file(path, std::ios::binary);
    TORCH_CHECK(file.good(), "cannot read ", path);
    auto where = device < 0 ? at::Device(at::kCPU)
                            : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
    torch::jit::Module module = torch::jit::load(file, where, extra);
    module.eval();
    widen(module);
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

ct_ref ct_script_run(ct_script_ref script, ct_ref images, const char *output) {
  return made([&] {
    // A program may write into its input, so it gets a copy. The copy is no leaf of the graph of
    // operations, so that it may be written to where gradients are recorded, too.
    at::Tensor input = images->value.clone(at::MemoryFormat::Contiguous);
    c10::IValue out = script->module.forward({std::move(input)});
    at::Tensor logits = chosen(out, output);
    TORCH_CHECK(logits.is_floating_point(), "its forward returns a tensor of type ",
                logits.scalar_type(), "; expected floating-point logits");
    return logits.to(at::kFloat);
  });
}
