// Gradients, the counting of gradients, and the steps of optimizers.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <atomic>
#include <memory>

#include "Guard.h"

using namespace ctorch;

bool ct_requires_gradient(ct_ref tensor) { return tensor->value.requires_grad(); }

ct_ref ct_tracked(ct_ref tensor) {
  return made([&] { return tensor->value.detach().requires_grad_(true); });
}

ct_ref ct_detach(ct_ref tensor) {
  return made([&] { return tensor->value.detach(); });
}

bool ct_gradient(ct_ref output, const ct_ref *inputs, int count, bool differentiable,
                 bool retain_graph, ct_ref *out) {
  return guarded([&] {
    auto variables = list(inputs, count);
    std::vector<at::Tensor> gradients(variables.size());
    if (output->value.requires_grad()) {
      const bool retain = differentiable || retain_graph;
      gradients = torch::autograd::grad({output->value}, variables, {}, retain, differentiable,
                                        /*allow_unused=*/true);
    }
    for (size_t i = 0; i < gradients.size(); i++) {
      out[i] = new ct_tensor{gradients[i].defined() ? gradients[i] : at::zeros_like(variables[i])};
    }
    return true;
  });
}

struct ct_counter {
  // Shared with the hooks on tensors, which may live longer than the handle.
  std::shared_ptr<std::atomic<int64_t>> rows = std::make_shared<std::atomic<int64_t>>(0);
};

ct_counter_ref ct_counter_new(void) {
  return guarded([]() -> ct_counter_ref { return new ct_counter; });
}

void ct_counter_free(ct_counter_ref counter) { delete counter; }

int64_t ct_counter_value(ct_counter_ref counter) { return counter->rows->load(); }

bool ct_count_gradients(ct_ref tensor, ct_counter_ref counter) {
  return guarded([&] {
    auto rows = counter->rows;
    tensor->value.register_hook([rows](const at::Tensor &gradient) { *rows += gradient.size(0); });
    return true;
  });
}

/// The gradients in the same order in memory as their parameters; copied only where needed.
///
/// libtorch's fused steps pass over a parameter and its gradient element by element as they lie in
/// memory, without regard to strides.
static std::vector<at::Tensor> aligned(const ct_ref *gradients,
                                       const std::vector<at::Tensor> &parameters) {
  std::vector<at::Tensor> out;
  out.reserve(parameters.size());
  for (size_t i = 0; i < parameters.size(); i++) {
    const at::Tensor &gradient = gradients[i]->value;
    bool same = gradient.strides() == parameters[i].strides();
    out.push_back(same ? gradient : at::empty_like(parameters[i]).copy_(gradient));
  }
  return out;
}

/// libtorch's fused step of Adam or AdamW, over all parameters in one call.
using FusedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                           at::TensorList, at::TensorList, double, double, double, double, double,
                           bool, bool, const std::optional<at::Tensor> &,
                           const std::optional<at::Tensor> &);

bool ct_adam_step(const ct_ref *parameters, const ct_ref *gradients, const ct_ref *first,
                  const ct_ref *second, int count, int64_t step, ct_adam s) {
  return guarded([&] {
    at::NoGradGuard none;
    auto values = list(parameters, count);
    auto slopes = aligned(gradients, values);
    auto means = list(first, count), squares = list(second, count);
    std::vector<at::Tensor> steps;
    for (const at::Tensor &value : values) {
      steps.push_back(at::full({}, static_cast<double>(step), value.options().dtype(at::kFloat)));
    }
    const FusedAdam fused = s.decoupled ? static_cast<FusedAdam>(at::_fused_adamw_)
                                        : static_cast<FusedAdam>(at::_fused_adam_);
    fused(values, slopes, means, squares, {}, steps, s.rate, s.beta1, s.beta2, s.weight_decay,
          s.epsilon,
          /*amsgrad=*/false, /*maximize=*/false, {}, {});
    return true;
  });
}

bool ct_sgd_step(const ct_ref *parameters, const ct_ref *gradients, const ct_ref *momenta,
                 int count, double rate, double momentum, double weight_decay, bool nesterov,
                 bool first) {
  return guarded([&] {
    at::NoGradGuard none;
    auto values = list(parameters, count);
    auto slopes = aligned(gradients, values);
    std::vector<at::Tensor> buffers;
    if (momentum != 0) buffers = list(momenta, count);
    at::_fused_sgd_(values, slopes, buffers, weight_decay, momentum, rate, /*dampening=*/0,
                    nesterov,
                    /*maximize=*/false, first, std::nullopt, std::nullopt);
    return true;
  });
}
