// Convolutions whose gradients, and the gradients of those, are single convolutions as well.
//
// libtorch's own second derivative of a convolution copies its tensors to the plain layout and
// computes gradients that nobody asked for; here every one is one call in the layout that the
// tensors have, and only those needed are made.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "Window.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

at::Tensor convolution(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                       const ct_window &w, int64_t groups);

using Wanted = std::array<bool, 3>;

/// The wanted ones among the gradients in input, weight and bias, for the gradient `g` in the
/// output.
std::tuple<at::Tensor, at::Tensor, at::Tensor> gradients_of_convolution(const at::Tensor &g, const at::Tensor &input,
                                                                        const at::Tensor &weight, const ct_window &w,
                                                                        int64_t groups, Wanted wanted) {
  const std::vector<int64_t> bias_sizes{weight.size(0)}, no_output_padding{0, 0};
  return at::convolution_backward(g, input, weight, bias_sizes, w.stride, w.padding, w.dilation, /*transposed=*/false,
                                  no_output_padding, groups, wanted);
}

/// How many pixels of each side the input gradient of a convolution with few input channels
/// computes at once.
int64_t phases(const at::Tensor &input, const at::Tensor &weight, const ct_window &w, int64_t groups) {
  int64_t channels = weight.size(1), kernel = weight.size(2);
  bool plain = groups == 1 && w.stride[0] == 1 && w.stride[1] == 1 && w.dilation[0] == 1 && w.dilation[1] == 1 &&
               weight.size(3) == kernel && w.padding[0] == w.padding[1] && w.padding[0] < kernel &&
               weight.size(0) >= 16 && channels <= 4;
  if (!plain) return 1;
  int64_t side = channels == 1 ? 4 : 2;
  return input.size(2) % side == 0 && input.size(3) % side == 0 ? side : 1;
}

/// The input gradient [N, C, H, W] of a stride-one convolution with one to four input channels, for
/// `g` [N, O, H', W'].
///
/// The usual way wastes most of each vector register. Here r x r neighbouring pixels become the
/// channels of one convolution with stride r, and are put back in their places by a pixel shuffle:
/// the same sums, six times as fast for one channel.
at::Tensor few_channel_gradient(const at::Tensor &g, const at::Tensor &weight, int64_t padding, int64_t r) {
  int64_t outputs = weight.size(0), channels = weight.size(1), kernel = weight.size(2), wide = kernel + r - 1;
  at::Tensor flipped = weight.flip({2, 3}).transpose(0, 1);
  at::Tensor spread = at::zeros({channels, r, r, outputs, wide, wide}, weight.options());
  for (int64_t row = 0; row < r; row++) {
    for (int64_t column = 0; column < r; column++) {
      spread.select(1, row).select(1, column).narrow(2, row, kernel).narrow(3, column, kernel).copy_(flipped);
    }
  }
  at::Tensor bank = spread.view({channels * r * r, outputs, wide, wide}).contiguous(at::MemoryFormat::ChannelsLast);
  return at::pixel_shuffle(at::conv2d(g, bank, {}, r, kernel - 1 - padding), r);
}

/// The gradient of a convolution in its input [N, C, H, W], for the gradient `g` [N, O, H', W'] in
/// its output.
///
/// It is linear in `g` and in the weight, so that its own gradients are a convolution and a
/// convolution's gradient in its weight.
struct InputGradient : torch::autograd::Function<InputGradient> {
  /// Of `input` only shape and layout count.
  static at::Tensor forward(AutogradContext *context, const at::Tensor &g, const at::Tensor &weight,
                            const at::Tensor &input, const ct_window &w, int64_t groups) {
    context->save_for_backward({g, weight});
    context->saved_data["window"] = packed(w);
    context->saved_data["groups"] = groups;
    int64_t side = phases(input, weight, w, groups);
    if (side > 1) return few_channel_gradient(g, weight, w.padding[0], side);
    return std::get<0>(gradients_of_convolution(g, input, weight, w, groups, {true, false, false}));
  }

  /// `outer[0]` [N, C, H, W]: a loss's gradient in the input gradient.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    const at::Tensor &g = saved[0], &weight = saved[1];
    const ct_window w = unpacked(context->saved_data["window"]);
    const int64_t groups = context->saved_data["groups"].toInt();
    variable_list inner(5);
    if (context->needs_input_grad(0)) inner[0] = convolution(outer[0], weight, {}, w, groups);
    if (context->needs_input_grad(1)) {
      inner[1] = std::get<1>(gradients_of_convolution(g, outer[0], weight, w, groups, {false, true, false}));
    }
    return inner;
  }
};

struct Convolution : torch::autograd::Function<Convolution> {
  /// input [N, C, H, W], weight [O, C / groups, kernel...], bias [O] → [N, O, H', W']
  static at::Tensor forward(AutogradContext *context, const at::Tensor &input, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, const ct_window &w, int64_t groups) {
    context->save_for_backward({input, weight});
    context->saved_data["window"] = packed(w);
    context->saved_data["groups"] = groups;
    context->saved_data["biased"] = bias.has_value();
    return at::conv2d(input, weight, bias, w.stride, w.padding, w.dilation, groups);
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    const at::Tensor &g = outer[0], &input = saved[0], &weight = saved[1];
    const ct_window w = unpacked(context->saved_data["window"]);
    const int64_t groups = context->saved_data["groups"].toInt();
    variable_list inner(5);
    const Wanted learned{false, context->needs_input_grad(1),
                         context->saved_data["biased"].toBool() && context->needs_input_grad(2)};
    if (context->needs_input_grad(0)) inner[0] = InputGradient::apply(g, weight, input.detach(), w, groups);
    if (learned[1] || learned[2]) {
      std::tie(std::ignore, inner[1], inner[2]) = gradients_of_convolution(g, input, weight, w, groups, learned);
    }
    return inner;
  }
};

/// The fast paths are for float32 on the processor; everything else goes libtorch's way.
at::Tensor convolution(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                       const ct_window &w, int64_t groups) {
  if (input.is_cpu() && input.scalar_type() == at::kFloat) return Convolution::apply(input, weight, bias, w, groups);
  return at::conv2d(input, weight, bias, w.stride, w.padding, w.dilation, groups);
}

}  // namespace

ct_ref ct_conv2d(ct_ref input, ct_ref weight, ct_ref bias, ct_window window, int64_t groups) {
  return made([&] { return convolution(input->value, weight->value, present(bias), window, groups); });
}
