// The operations networks are made of.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"

using namespace ctorch;

ct_ref ct_conv2d(ct_ref input, ct_ref weight, ct_ref bias, ct_window w, int64_t groups) {
  return made([&] {
    return at::conv2d(input->value, weight->value, optional(bias), w.stride, w.padding, w.dilation, groups);
  });
}

namespace {

/// How many pixels of each side the input gradient of a convolution with few input channels computes at once.
int64_t phases(const at::Tensor &input, const at::Tensor &weight, const ct_window &w, int64_t groups) {
  int64_t channels = weight.size(1), kernel = weight.size(2);
  bool plain = groups == 1 && w.stride[0] == 1 && w.stride[1] == 1 && w.dilation[0] == 1 && w.dilation[1] == 1 &&
               weight.size(3) == kernel && w.padding[0] == w.padding[1] && w.padding[0] < kernel &&
               weight.size(0) >= 16 && channels <= 4 && input.is_cpu();
  if (!plain) return 1;
  int64_t side = channels == 1 ? 4 : 2;
  return input.size(2) % side == 0 && input.size(3) % side == 0 ? side : 1;
}

/// A stride-one convolution whose weights are constants, with a fast gradient for its input.
///
/// With one to four input channels the usual input gradient wastes most of each vector register. Here r x r neighbouring
/// pixels become the channels of one convolution with stride r, and are put back in their places by a pixel shuffle:
/// the same sums, six times as fast for one channel.
struct FewChannelConvolution : torch::autograd::Function<FewChannelConvolution> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, int64_t padding, int64_t side) {
    context->save_for_backward({weight});
    context->saved_data["padding"] = padding;
    context->saved_data["side"] = side;
    return at::conv2d(input, weight, bias, 1, padding);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    at::Tensor weight = context->get_saved_variables()[0];
    int64_t padding = context->saved_data["padding"].toInt(), r = context->saved_data["side"].toInt();
    int64_t outputs = weight.size(0), channels = weight.size(1), kernel = weight.size(2), wide = kernel + r - 1;
    at::Tensor flipped = weight.flip({2, 3}).transpose(0, 1);
    at::Tensor spread = at::zeros({channels, r, r, outputs, wide, wide}, weight.options());
    for (int64_t row = 0; row < r; row++) {
      for (int64_t column = 0; column < r; column++) {
        spread.select(1, row).select(1, column).narrow(2, row, kernel).narrow(3, column, kernel).copy_(flipped);
      }
    }
    at::Tensor bank = spread.view({channels * r * r, outputs, wide, wide}).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor blocks = at::conv2d(gradients[0], bank, {}, r, kernel - 1 - padding);
    return {at::pixel_shuffle(blocks, r), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ct_ref ct_conv2d_frozen(ct_ref input, ct_ref weight, ct_ref bias, ct_window w, int64_t groups) {
  return made([&] {
    int64_t side = phases(input->value, weight->value, w, groups);
    if (side == 1) {
      return at::conv2d(input->value, weight->value, optional(bias), w.stride, w.padding, w.dilation, groups);
    }
    return FewChannelConvolution::apply(input->value, weight->value, present(bias), w.padding[0], side);
  });
}

ct_ref ct_linear(ct_ref input, ct_ref weight, ct_ref bias) {
  return made([&] { return at::linear(input->value, weight->value, optional(bias)); });
}

ct_ref ct_max_pool2d(ct_ref input, ct_window w) {
  return made([&] { return at::max_pool2d(input->value, w.kernel, w.stride, w.padding, w.dilation); });
}

ct_ref ct_avg_pool2d(ct_ref input, ct_window w) {
  return made([&] { return at::avg_pool2d(input->value, w.kernel, w.stride, w.padding); });
}

ct_ref ct_global_avg_pool2d(ct_ref input) {
  return made([&] { return input->value.mean({2, 3}, /*keepdim=*/true); });
}

ct_ref ct_resize(ct_ref input, int64_t height, int64_t width) {
  return made([&] {
    std::vector<int64_t> size{height, width};
    return at::upsample_bilinear2d(input->value, size, /*align_corners=*/false);
  });
}

ct_ref ct_pad(ct_ref input, int64_t left, int64_t right, int64_t top, int64_t bottom, double value) {
  return made([&] {
    std::vector<int64_t> sides{left, right, top, bottom};
    return at::constant_pad_nd(input->value, sides, value);
  });
}

ct_ref ct_softmax(ct_ref logits, int dimension) {
  return made([&] { return at::softmax(logits->value, dimension); });
}

ct_ref ct_log_softmax(ct_ref logits, int dimension) {
  return made([&] { return at::log_softmax(logits->value, dimension); });
}
