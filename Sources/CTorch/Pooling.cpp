// Maximum pooling for float32 on the processor with channels last in memory. libtorch computes all
// other poolings.
//
// Maximum pooling gives each output pixel the largest number of its window, in each channel. The
// place where that number was found is the window's choice. Once the choices are known, everything
// else is linear:
//
//     collect:  from a tensor of the input's shape, take the numbers at the choices
//     spread:   put numbers, one for each window, at the choices, and zeros elsewhere
//
// Unless two numbers of a window are equal, a small change of the input does not change the
// choices. So the derivative of pooling is `collect`, and its transpose, `spread`, turns a gradient
// in the output into one in the input. The gradient of either of these two is the other one, which
// gives derivatives of any order.
//
// libtorch's own pooling keeps each choice in eight bytes, and its second derivative copies all
// tensors to another order in memory. Here a choice is one byte, and each derivative is one walk
// over the windows that handles many channels at once.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "PoolingLoops.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// `Collect`, which `Spread` needs before it is defined.
at::Tensor collected(const at::Tensor &values, const at::Tensor &choice, const ct_window &w);

/// values, choice [N, C, rows, columns] → [N, C, H, W]: `spread_over_windows` for a whole batch.
/// Its gradient is `Collect`.
struct Spread : torch::autograd::Function<Spread> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &values,
                            const at::Tensor &choice, const ct_window &w, at::IntArrayRef input) {
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    const Windows windows(input, w);
    const at::Tensor like = values.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor spread = windows.input();
    const float *v = like.const_data_ptr<float>();
    const Choice *chosen = choice.const_data_ptr<Choice>();
    float *to = spread.mutable_data_ptr<float>();
    windows.each_image([&](int64_t n) {
      spread_over_windows(windows, v + n * windows.output_size(),
                          chosen + n * windows.output_size(), to + n * windows.input_size());
    });
    return spread;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    return {collected(outer[0], choice, unpacked(context->saved_data["window"])), at::Tensor(),
            at::Tensor(), at::Tensor()};
  }
};

/// values [N, C, H, W], choice [N, C, rows, columns] → [N, C, rows, columns]:
/// `collect_from_windows` for a whole batch. Its gradient is `Spread`.
struct Collect : torch::autograd::Function<Collect> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &values,
                            const at::Tensor &choice, const ct_window &w) {
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    context->saved_data["input"] = values.sizes().vec();
    const Windows windows(values.sizes(), w);
    const at::Tensor ordered = values.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor collected = windows.output(at::kFloat);
    const float *v = ordered.const_data_ptr<float>();
    const Choice *chosen = choice.const_data_ptr<Choice>();
    float *to = collected.mutable_data_ptr<float>();
    windows.each_image([&](int64_t n) {
      collect_from_windows(windows, v + n * windows.input_size(),
                           chosen + n * windows.output_size(), to + n * windows.output_size());
    });
    return collected;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    const auto input = context->saved_data["input"].toIntVector();
    at::Tensor spread = Spread::apply(outer[0], choice, unpacked(context->saved_data["window"]),
                                      at::IntArrayRef(input));
    return {spread, at::Tensor(), at::Tensor()};
  }
};

at::Tensor collected(const at::Tensor &values, const at::Tensor &choice, const ct_window &w) {
  return Collect::apply(values, choice, w);
}

struct MaxPooling : torch::autograd::Function<MaxPooling> {
  /// x [N, C, H, W] with channels last in memory → [N, C, rows, columns].
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const ct_window &w) {
    const Windows windows(x.sizes(), w);
    at::Tensor largest = windows.output(at::kFloat), choice = windows.output(at::kByte);
    const float *in = x.const_data_ptr<float>();
    float *to = largest.mutable_data_ptr<float>();
    Choice *chosen = choice.mutable_data_ptr<Choice>();
    windows.each_image([&](int64_t n) {
      largest_of_windows(windows, in + n * windows.input_size(), to + n * windows.output_size(),
                         chosen + n * windows.output_size());
    });
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    context->saved_data["input"] = x.sizes().vec();
    return largest;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    const auto input = context->saved_data["input"].toIntVector();
    at::Tensor spread = Spread::apply(outer[0], choice, unpacked(context->saved_data["window"]),
                                      at::IntArrayRef(input));
    return {spread, at::Tensor()};
  }
};

/// The largest lower ends and the largest upper ends of the windows over intervals.
struct IntervalPooling : torch::autograd::Function<IntervalPooling> {
  /// center, radius [N, C, H, W] with channels last in memory → lower, upper
  /// [N, C, rows, columns].
  static variable_list forward(AutogradContext *context, const at::Tensor &center,
                               const at::Tensor &radius, const ct_window &w) {
    const Windows windows(center.sizes(), w);
    at::Tensor ends[2], choices[2];
    for (int end : {0, 1}) {
      ends[end] = windows.output(at::kFloat);
      choices[end] = windows.output(at::kByte);
      const float *c = center.const_data_ptr<float>(), *r = radius.const_data_ptr<float>();
      float *to = ends[end].mutable_data_ptr<float>();
      Choice *chosen = choices[end].mutable_data_ptr<Choice>();
      windows.each_image([&](int64_t n) {
        const int64_t in = n * windows.input_size(), out = n * windows.output_size();
        largest_of_intervals(windows, c + in, r + in, end == 0 ? -1.0f : 1.0f, to + out,
                             chosen + out);
      });
    }
    context->save_for_backward({choices[0], choices[1]});
    context->saved_data["window"] = packed(w);
    context->saved_data["input"] = center.sizes().vec();
    return {ends[0], ends[1]};
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    const auto choices = context->get_saved_variables();
    const ct_window w = unpacked(context->saved_data["window"]);
    const auto input = context->saved_data["input"].toIntVector();
    const Windows windows(input, w);
    if (at::GradMode::is_enabled() || !windows.tile()) {
      at::Tensor lower = Spread::apply(outer[0], choices[0], w, at::IntArrayRef(input));
      at::Tensor upper = Spread::apply(outer[1], choices[1], w, at::IntArrayRef(input));
      return {upper + lower, upper - lower, at::Tensor()};
    }
    const at::Tensor lower = outer[0].contiguous(at::MemoryFormat::ChannelsLast),
                     upper = outer[1].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor center = windows.input(), radius = windows.input();
    const float *l = lower.const_data_ptr<float>(), *u = upper.const_data_ptr<float>();
    const Choice *at_lower = choices[0].const_data_ptr<Choice>(),
                 *at_upper = choices[1].const_data_ptr<Choice>();
    float *c = center.mutable_data_ptr<float>(), *r = radius.mutable_data_ptr<float>();
    windows.each_image([&](int64_t n) {
      const int64_t in = n * windows.input_size(), out = n * windows.output_size();
      spread_over_intervals(windows, l + out, at_lower + out, u + out, at_upper + out, c + in,
                            r + in);
    });
    return {center, radius, at::Tensor()};
  }
};

/// Whether the loops of this file can pool x.
bool has_own_loops(const at::Tensor &x, const ct_window &w) {
  // With fewer than four channels, the inner loops over channels are too short to be fast.
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 && x.dim() == 4 &&
         x.size(1) >= 4 && w.kernel[0] * w.kernel[1] <= Windows::most_places &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor max_pooled(const at::Tensor &x, const ct_window &w) {
  if (has_own_loops(x, w)) return MaxPooling::apply(x, w);
  return at::max_pool2d(x, w.kernel, w.stride, w.padding, w.dilation);
}

}  // namespace

ct_ref ct_max_pool2d(ct_ref input, ct_window w) {
  return made([&] { return max_pooled(input->value, w); });
}

bool ct_max_pool2d_of_intervals(ct_ref center, ct_ref radius, ct_window w, ct_ref *lower,
                                ct_ref *upper) {
  return guarded([&] {
    const at::Tensor &c = center->value, &r = radius->value;
    const variable_list ends = has_own_loops(c, w) && has_own_loops(r, w)
                                   ? IntervalPooling::apply(c, r, w)
                                   : variable_list{max_pooled(c - r, w), max_pooled(c + r, w)};
    *lower = new ct_tensor{ends[0]};
    *upper = new ct_tensor{ends[1]};
    return true;
  });
}

ct_ref ct_avg_pool2d(ct_ref input, ct_window w) {
  return made([&] { return at::avg_pool2d(input->value, w.kernel, w.stride, w.padding); });
}

ct_ref ct_global_avg_pool2d(ct_ref input) {
  return made([&] { return input->value.mean({2, 3}, /*keepdim=*/true); });
}

ct_ref ct_adaptive_avg_pool2d(ct_ref input, int64_t height, int64_t width) {
  return made([&] {
    std::vector<int64_t> size{height, width};
    return at::adaptive_avg_pool2d(input->value, size);
  });
}
