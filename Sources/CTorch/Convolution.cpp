// Two-dimensional convolutions, with first and second derivatives for float32 on the processor.
//
// A convolution conv(x; W) is linear in its input x and linear in its weight W. Let g be the
// gradient of a loss in its output. The input gradient is the transpose of x ↦ conv(x; W) applied
// to g, so for every tensor u of the input's shape
//
//     Σ u·dx = Σ conv(u; W)·g.
//
// Read as a function of g and of W, the right side shows the derivatives of the input gradient
// itself. If a second loss has the gradient u in dx, then its gradient in g is conv(u; W), and its
// gradient in W is the ordinary weight gradient of a convolution with input u and output gradient
// g. So both are single calls.
//
// libtorch's own second derivative of a convolution copies its tensors to row-major order and also
// computes gradients that are not needed. Here each gradient is one call in the order that the
// tensors have in memory, and only the gradients that are needed are computed.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "Window.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

at::Tensor convolution(const at::Tensor &input, const at::Tensor &weight,
                       const std::optional<at::Tensor> &bias, const ct_window &w, int64_t groups);

/// Which of the gradients in input, weight and bias are needed.
using Wanted = std::array<bool, 3>;

/// The gradients in input, weight and bias, for the gradient `g` in the output; undefined where not
/// wanted.
std::tuple<at::Tensor, at::Tensor, at::Tensor> gradients_of_convolution(
    const at::Tensor &g, const at::Tensor &input, const at::Tensor &weight, const ct_window &w,
    int64_t groups, Wanted wanted) {
  const std::vector<int64_t> bias_sizes{weight.size(0)}, no_output_padding{0, 0};
  return at::convolution_backward(g, input, weight, bias_sizes, w.stride, w.padding, w.dilation,
                                  /*transposed=*/false, no_output_padding, groups, wanted);
}

/// The side r of the pixel blocks in which `few_channel_gradient` computes an input gradient, or 1
/// where that function does not apply or would not be faster.
int64_t block_side(const at::Tensor &input, const at::Tensor &weight, const ct_window &w,
                   int64_t groups) {
  int64_t channels = weight.size(1), kernel = weight.size(2);
  bool plain = groups == 1 && w.stride[0] == 1 && w.stride[1] == 1 && w.dilation[0] == 1 &&
               w.dilation[1] == 1 && weight.size(3) == kernel && w.padding[0] == w.padding[1] &&
               w.padding[0] < kernel && weight.size(0) >= 16 && channels <= 4;
  if (!plain) return 1;
  int64_t side = channels == 1 ? 4 : 2;
  return input.size(2) % side == 0 && input.size(3) % side == 0 ? side : 1;
}

/// The input gradient [N, C, H, W] of a convolution with stride 1, padding P, a K x K kernel and 1
/// to 4 input channels, for the output gradient `g` [N, O, H', W']. H and W must be multiples of
/// the block side r.
///
/// The input gradient is itself a convolution, of g with the kernel mirrored in both directions. In
/// one dimension, with F[u] = W[K − 1 − u],
///
///     dx[y] = Σ_a W[a]·g[y + P − a] = Σ_u F[u]·g[y − (K − 1 − P) + u].
///
/// Where dx has one channel, the usual computation uses one lane of each vector register. This
/// function makes more channels: it computes the r x r pixels of a block as r² channels of one
/// pixel. For the pixel y = r·Y + i of block Y, the sum above is
///
///     dx[r·Y + i] = Σ_t Fᵢ[t]·g[r·Y − (K − 1 − P) + t],  Fᵢ[t] = F[t − i],
///
/// where Fᵢ is F moved by i in a kernel of K + r − 1 zeros. That is a convolution of g with stride
/// r, padding K − 1 − P and one kernel for each i. A pixel shuffle then puts channel (c, i, j) of
/// block (Y, X) at channel c of pixel (r·Y + i, r·X + j). The sums are the same. For one channel
/// they take a sixth of the time.
at::Tensor few_channel_gradient(const at::Tensor &g, const at::Tensor &weight, int64_t padding,
                                int64_t r) {
  int64_t outputs = weight.size(0), channels = weight.size(1);
  int64_t kernel = weight.size(2), wide = kernel + r - 1;
  // [C, O, K, K]: what were output channels are now the channels that are summed over.
  at::Tensor mirrored = weight.flip({2, 3}).transpose(0, 1);
  at::Tensor moved = at::zeros({channels, r, r, outputs, wide, wide}, weight.options());
  for (int64_t i = 0; i < r; i++) {
    for (int64_t j = 0; j < r; j++) {
      at::Tensor place = moved.select(1, i).select(1, j).narrow(2, i, kernel).narrow(3, j, kernel);
      place.copy_(mirrored);
    }
  }
  at::Tensor kernels = moved.view({channels * r * r, outputs, wide, wide})
                           .contiguous(at::MemoryFormat::ChannelsLast);
  return at::pixel_shuffle(at::conv2d(g, kernels, {}, r, kernel - 1 - padding), r);
}

/// Whether a convolution maps the channels of each pixel by themselves, and those lie side by side in
/// memory. Its input gradient is then one matrix product, g·W, with a row for each pixel.
bool is_pointwise(const at::Tensor &input, const at::Tensor &weight, const ct_window &w,
                  int64_t groups) {
  bool plain = groups == 1 && weight.size(2) == 1 && weight.size(3) == 1 && w.stride[0] == 1 &&
               w.stride[1] == 1 && w.padding[0] == 0 && w.padding[1] == 0;
  return plain && input.size(2) * input.size(3) > 1 &&
         input.is_contiguous(at::MemoryFormat::ChannelsLast);
}

/// g [N, O, H, W], weight [O, C, 1, 1] → [N, C, H, W]
at::Tensor pointwise_gradient(const at::Tensor &g, const at::Tensor &weight) {
  const at::Tensor rows = g.permute({0, 2, 3, 1});
  return at::matmul(rows, weight.flatten(1)).permute({0, 3, 1, 2});
}

/// The input gradient [N, C, H, W] of a convolution for the output gradient `g` [N, O, H', W'],
/// itself differentiable in g and in the weight.
struct InputGradient : torch::autograd::Function<InputGradient> {
  /// `input` gives the shape and the order in memory of the result; its values are not used.
  static at::Tensor forward(AutogradContext *context, const at::Tensor &g, const at::Tensor &weight,
                            const at::Tensor &input, const ct_window &w, int64_t groups) {
    context->save_for_backward({g, weight});
    context->saved_data["window"] = packed(w);
    context->saved_data["groups"] = groups;
    if (is_pointwise(input, weight, w, groups)) return pointwise_gradient(g, weight);
    int64_t side = block_side(input, weight, w, groups);
    if (side > 1) return few_channel_gradient(g, weight, w.padding[0], side);
    return std::get<0>(gradients_of_convolution(g, input, weight, w, groups, {true, false, false}));
  }

  /// outer[0]: u [N, C, H, W], the gradient of a second loss in the input gradient.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    const at::Tensor &g = saved[0], &weight = saved[1];
    const ct_window w = unpacked(context->saved_data["window"]);
    const int64_t groups = context->saved_data["groups"].toInt();
    variable_list inner(5);
    if (context->needs_input_grad(0)) inner[0] = convolution(outer[0], weight, {}, w, groups);
    if (context->needs_input_grad(1)) {
      inner[1] = std::get<1>(
          gradients_of_convolution(g, outer[0], weight, w, groups, {false, true, false}));
    }
    return inner;
  }
};

struct Convolution : torch::autograd::Function<Convolution> {
  /// input [N, C, H, W], weight [O, C / groups, kernel...], bias [O] → [N, O, H', W']
  static at::Tensor forward(AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                            const ct_window &w, int64_t groups) {
    context->save_for_backward({input, weight});
    context->saved_data["window"] = packed(w);
    context->saved_data["groups"] = groups;
    context->saved_data["biased"] = bias.has_value();
    return at::conv2d(input, weight, bias, w.stride, w.padding, w.dilation, groups);
  }

  /// outer[0]: g [N, O, H', W'], the gradient of a loss in the output.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    const at::Tensor &g = outer[0], &input = saved[0], &weight = saved[1];
    const ct_window w = unpacked(context->saved_data["window"]);
    const int64_t groups = context->saved_data["groups"].toInt();
    variable_list inner(5);
    const Wanted learned{false, context->needs_input_grad(1),
                         context->saved_data["biased"].toBool() && context->needs_input_grad(2)};
    if (context->needs_input_grad(0))
      inner[0] = InputGradient::apply(g, weight, input.detach(), w, groups);
    if (learned[1] || learned[2]) {
      std::tie(std::ignore, inner[1], inner[2]) =
          gradients_of_convolution(g, input, weight, w, groups, learned);
    }
    return inner;
  }
};

/// A convolution with the derivatives above for float32 on the processor, and libtorch's own for
/// everything else.
at::Tensor convolution(const at::Tensor &input, const at::Tensor &weight,
                       const std::optional<at::Tensor> &bias, const ct_window &w, int64_t groups) {
  if (input.is_cpu() && input.scalar_type() == at::kFloat)
    return Convolution::apply(input, weight, bias, w, groups);
  return at::conv2d(input, weight, bias, w.stride, w.padding, w.dilation, groups);
}

}  // namespace

ct_ref ct_conv2d(ct_ref input, ct_ref weight, ct_ref bias, ct_window window, int64_t groups) {
  return made(
      [&] { return convolution(input->value, weight->value, present(bias), window, groups); });
}
