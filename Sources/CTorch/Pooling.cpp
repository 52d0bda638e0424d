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

#include <cstring>

#include "Guard.h"
#include "PoolingWindows.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

using Choice = uint8_t;

// Sixteen channels at once, which the compiler puts into one or more registers.
typedef float Numbers __attribute__((vector_size(64)));
typedef int32_t Places __attribute__((vector_size(64)));
typedef Choice Choices __attribute__((vector_size(16)));
constexpr int64_t lanes = 16;

/// For one image, finds the largest number of each window and its place in the window.
///
/// Ties and NaN follow libtorch: of several equal largest numbers the first is chosen. NaN counts
/// as larger than every number, and of several NaNs the last is chosen. A window that lies entirely
/// in the padding gives −∞ and chooses no place (`Windows::most_places`).
///
/// - in: [H, W, C]; to, chosen: [rows, columns, C].
CT_WIDE void largest_of_windows(const Windows &windows, const float *in, float *to,
                                Choice *chosen) {
  const int64_t channels = windows.channels, whole = channels - channels % lanes;
  windows.each_pixel([&](int64_t out, const Windows::View &view) CT_INLINED {
    for (int64_t c = 0; c < whole; c += lanes) {
      Numbers best = Numbers{} - std::numeric_limits<float>::infinity();
      Places choice = Places{} + static_cast<int32_t>(Windows::most_places);
      for (int64_t k = 0; k < view.count; k++) {
        Numbers value;
        std::memcpy(&value, in + view.offsets[k] + c, sizeof value);
        // True lanes are −1, all bits set. `value != value` holds for NaN only. The first number is
        // always taken, since −∞ would not be larger than the −∞ that `best` starts with.
        const Places better = k == 0 ? Places{} - 1 : (value > best) | (value != value);
        best = better ? value : best;
        choice = better ? Places{} + view.places[k] : choice;
      }
      const Choices bytes = __builtin_convertvector(choice, Choices);
      std::memcpy(to + out + c, &best, sizeof best);
      std::memcpy(chosen + out + c, &bytes, sizeof bytes);
    }
    // The same for the channels that do not fill a vector.
    for (int64_t c = whole; c < channels; c++) {
      float best = -std::numeric_limits<float>::infinity();
      int32_t choice = Windows::most_places;
      for (int64_t k = 0; k < view.count; k++) {
        const float value = in[view.offsets[k] + c];
        if (k > 0 && !(value > best) && value == value) continue;
        best = value;
        choice = view.places[k];
      }
      to[out + c] = best;
      chosen[out + c] = static_cast<Choice>(choice);
    }
  });
}

/// For one image, puts the value of each window at the window's choice, and zeros elsewhere. Where
/// windows overlap and have the same choice, their values add up.
///
/// - values, chosen: [rows, columns, C]; to: [H, W, C].
CT_WIDE void spread_over_windows(const Windows &windows, const float *values, const Choice *chosen,
                                 float *to) {
  const int64_t channels = windows.channels;
  // If each input pixel lies in exactly one window, it is written exactly once below. No zeros have
  // to be written first, and nothing has to be added up.
  const bool tile = windows.tile();
  if (!tile) std::fill(to, to + windows.input_size(), 0.0f);
  windows.each_pixel([&](int64_t out, const Windows::View &view) CT_INLINED {
    const float *__restrict from = values + out;
    const Choice *__restrict choice = chosen + out;
    for (int64_t k = 0; k < view.count; k++) {
      float *__restrict sum = to + view.offsets[k];
      const int32_t place = view.places[k];
      if (tile) {
        for (int64_t c = 0; c < channels; c++) sum[c] = choice[c] == place ? from[c] : 0.0f;
      } else {
        for (int64_t c = 0; c < channels; c++) sum[c] += choice[c] == place ? from[c] : 0.0f;
      }
    }
  });
}

/// For one image, takes the value at each window's choice; zero for a window without a choice.
///
/// - values: [H, W, C]; chosen, to: [rows, columns, C].
CT_WIDE void collect_from_windows(const Windows &windows, const float *values, const Choice *chosen,
                                  float *to) {
  const int64_t channels = windows.channels;
  windows.each_pixel([&](int64_t out, const Windows::View &view) CT_INLINED {
    float *__restrict taken = to + out;
    const Choice *__restrict choice = chosen + out;
    std::fill(taken, taken + channels, 0.0f);
    for (int64_t k = 0; k < view.count; k++) {
      const float *__restrict from = values + view.offsets[k];
      const int32_t place = view.places[k];
      for (int64_t c = 0; c < channels; c++) taken[c] = choice[c] == place ? from[c] : taken[c];
    }
  });
}

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

}  // namespace

ct_ref ct_max_pool2d(ct_ref input, ct_window w) {
  return made([&] {
    const at::Tensor &x = input->value;
    // With fewer than four channels, the inner loops over channels are too short to be fast.
    if (x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 && x.dim() == 4 &&
        x.size(1) >= 4 && w.kernel[0] * w.kernel[1] <= Windows::most_places &&
        x.is_contiguous(at::MemoryFormat::ChannelsLast)) {
      return MaxPooling::apply(x, w);
    }
    return at::max_pool2d(x, w.kernel, w.stride, w.padding, w.dilation);
  });
}

ct_ref ct_avg_pool2d(ct_ref input, ct_window w) {
  return made([&] { return at::avg_pool2d(input->value, w.kernel, w.stride, w.padding); });
}

ct_ref ct_global_avg_pool2d(ct_ref input) {
  return made([&] { return input->value.mean({2, 3}, /*keepdim=*/true); });
}
