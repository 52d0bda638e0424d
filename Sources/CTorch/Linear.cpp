// Fully connected layers y = x·Wᵀ + b.
//
// Where the weights are constant, as in a network under attack, the library oneDNN, which libtorch
// contains, computes the product. It reads the weights as they lie in memory. libtorch's own path
// copies them into another order at each call, and for few images that copy takes longer than the
// product. The gradient in x is again such a product, dx = dy·W, and so is the gradient of that
// gradient.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

using Bias = std::optional<at::Tensor>;
using Pointwise = at::Tensor(const at::Tensor &, const at::Tensor &, const Bias &, std::string_view,
                             c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// oneDNN's product, or nothing if this libtorch is built without it.
const std::optional<c10::OperatorHandle> &onednn() {
  static const auto found =
      at::hasMKLDNN() ? c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""})
                      : std::nullopt;
  return found;
}

/// Whether the layer goes through oneDNN: float32 on the processor, vectors [N, I] with N ≥ 1,
/// constant weights, and enough of them that the product is worth the overhead of the call.
bool is_fast(const at::Tensor &input, const at::Tensor &weight, const Bias &bias) {
  auto plain = [](const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat; };
  bool constant = !weight.requires_grad() && !(bias && bias->requires_grad());
  return constant && plain(input) && plain(weight) && input.dim() == 2 && input.size(0) > 0 &&
         weight.numel() >= 65536 && onednn();
}

/// x·Wᵀ + b for constant W and b.
struct ConstantLinear : torch::autograd::Function<ConstantLinear> {
  /// input [N, I], weight [O, I], bias [O] → [N, O]
  static at::Tensor forward(AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, const Bias &bias) {
    context->save_for_backward({weight});
    const c10::List<std::optional<at::Scalar>> no_scalars;
    return onednn()->typed<Pointwise>().call(input.contiguous(), weight, bias, "none", no_scalars,
                                             "");
  }

  /// outer[0]: dy [N, O] → dx = dy·W [N, I], since dy·(Wᵀ)ᵀ is what `forward` computes for Wᵀ.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    const at::Tensor weight = context->get_saved_variables()[0];
    return {apply(outer[0], weight.t(), Bias()), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ct_ref ct_linear(ct_ref input, ct_ref weight, ct_ref bias) {
  return made([&] {
    const Bias shift = present(bias);
    if (is_fast(input->value, weight->value, shift)) {
      return ConstantLinear::apply(input->value, weight->value, shift);
    }
    return at::linear(input->value, weight->value, shift);
  });
}
