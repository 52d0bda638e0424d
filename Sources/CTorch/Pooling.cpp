// Pooling by the largest number of each window, for tensors whose channels lie side by side in memory.
//
// libtorch keeps each choice in eight bytes, and its second derivative copies everything to the plain layout. Here four
// bytes say where in its window a choice was, and each derivative is one walk over the windows, whole vectors of channels
// at a time.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "Window.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// Output pixels of a batch [N, C, H, W] under a window, and for each of them the input pixels it looks at.
struct Windows {
  ct_window w;
  int64_t images, channels, height, width, rows, columns;

  Windows(at::IntArrayRef input, const ct_window &w)
      : w(w), images(input[0]), channels(input[1]), height(input[2]), width(input[3]), rows(count(0, height)),
        columns(count(1, width)) {}

  int64_t count(int axis, int64_t size) const {
    return (size + 2 * w.padding[axis] - w.dilation[axis] * (w.kernel[axis] - 1) - 1) / w.stride[axis] + 1;
  }

  at::Tensor output(at::ScalarType type) const {
    return at::empty({images, channels, rows, columns}, at::TensorOptions(type), at::MemoryFormat::ChannelsLast);
  }

  at::Tensor input() const {
    return at::empty({images, channels, height, width}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  }

  /// Calls `start(n)` for each image, and then `pixel(out, in, place)` for each of its output pixels and the input pixels
  /// in its window, row by row: where in memory their channels begin, and the input pixel's place in the window. An image
  /// stays in one thread.
  template <class Start, class Pixel>
  void each(Start start, Pixel pixel) const {
    at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; n++) {
        start(n);
        for (int64_t row = 0; row < rows; row++) {
          for (int64_t column = 0; column < columns; column++) each_in_window(n, row, column, pixel);
        }
      }
    });
  }

  template <class Pixel>
  void each_in_window(int64_t n, int64_t row, int64_t column, Pixel pixel) const {
    const int64_t out = ((n * rows + row) * columns + column) * channels;
    for (int64_t i = 0; i < w.kernel[0]; i++) {
      const int64_t y = row * w.stride[0] - w.padding[0] + i * w.dilation[0];
      if (y < 0 || y >= height) continue;
      for (int64_t j = 0; j < w.kernel[1]; j++) {
        const int64_t x = column * w.stride[1] - w.padding[1] + j * w.dilation[1];
        if (x < 0 || x >= width) continue;
        pixel(out, ((n * height + y) * width + x) * channels, static_cast<int32_t>(i * w.kernel[1] + j));
      }
    }
  }
};

at::Tensor collected(const at::Tensor &values, const at::Tensor &choice, const ct_window &w);

/// Puts `values` [N, C, H', W'] where their windows' choices were, in zeros of an input's shape, where overlapping ones
/// add up.
struct Spread : torch::autograd::Function<Spread> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &values, const at::Tensor &choice,
                            const ct_window &w, at::IntArrayRef input) {
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    const Windows windows(input, w);
    const at::Tensor like = values.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor spread = windows.input();
    const float *v = like.const_data_ptr<float>();
    const int32_t *chosen = choice.const_data_ptr<int32_t>();
    float *to = spread.mutable_data_ptr<float>();
    const int64_t channels = windows.channels, image = windows.height * windows.width * channels;
    windows.each([&](int64_t n) { std::fill(to + n * image, to + (n + 1) * image, 0.0f); },
                 [&](int64_t out, int64_t in, int32_t place) {
                   const float *__restrict from = v + out;
                   const int32_t *__restrict choices = chosen + out;
                   float *__restrict sum = to + in;
                   for (int64_t c = 0; c < channels; c++) {
                     const float value = from[c];
                     sum[c] += choices[c] == place ? value : 0.0f;
                   }
                 });
    return spread;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    return {collected(outer[0], choice, unpacked(context->saved_data["window"])), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

/// Takes from `values` [N, C, H, W] those at the windows' choices: [N, C, H', W'].
struct Collect : torch::autograd::Function<Collect> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &values, const at::Tensor &choice,
                            const ct_window &w) {
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    context->saved_data["input"] = values.sizes().vec();
    const Windows windows(values.sizes(), w);
    const at::Tensor ordered = values.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor collected = windows.output(at::kFloat);
    const float *v = ordered.const_data_ptr<float>();
    const int32_t *chosen = choice.const_data_ptr<int32_t>();
    float *to = collected.mutable_data_ptr<float>();
    const int64_t channels = windows.channels, image = windows.rows * windows.columns * channels;
    windows.each([&](int64_t n) { std::fill(to + n * image, to + (n + 1) * image, 0.0f); },
                 [&](int64_t out, int64_t in, int32_t place) {
                   const float *__restrict from = v + in;
                   const int32_t *__restrict choices = chosen + out;
                   float *__restrict taken = to + out;
                   for (int64_t c = 0; c < channels; c++) {
                     const float value = from[c], before = taken[c];
                     taken[c] = choices[c] == place ? value : before;
                   }
                 });
    return collected;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    const auto input = context->saved_data["input"].toIntVector();
    at::Tensor spread = Spread::apply(outer[0], choice, unpacked(context->saved_data["window"]), at::IntArrayRef(input));
    return {spread, at::Tensor(), at::Tensor()};
  }
};

at::Tensor collected(const at::Tensor &values, const at::Tensor &choice, const ct_window &w) {
  return Collect::apply(values, choice, w);
}

struct MaxPooling : torch::autograd::Function<MaxPooling> {
  /// x [N, C, H, W] with channels side by side. Of equal numbers the first is chosen; one that is no number counts as the
  /// largest, and of those the last is chosen, as libtorch has it.
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const ct_window &w) {
    const Windows windows(x.sizes(), w);
    at::Tensor largest = windows.output(at::kFloat), choice = windows.output(at::kInt);
    const float *in = x.const_data_ptr<float>();
    float *to = largest.mutable_data_ptr<float>();
    int32_t *chosen = choice.mutable_data_ptr<int32_t>();
    const int64_t channels = windows.channels, image = windows.rows * windows.columns * channels;
    windows.each(
        [&](int64_t n) {
          std::fill(to + n * image, to + (n + 1) * image, -std::numeric_limits<float>::infinity());
          std::fill(chosen + n * image, chosen + (n + 1) * image, -1);
        },
        [&](int64_t out, int64_t from, int32_t place) {
          const float *__restrict line = in + from;
          float *__restrict best = to + out;
          int32_t *__restrict choices = chosen + out;
          for (int64_t c = 0; c < channels; c++) {
            const float value = line[c], before = best[c];
            const int32_t choice_before = choices[c];
            const bool better = (value > before) | (value != value) | (choice_before < 0);
            best[c] = better ? value : before;
            choices[c] = better ? place : choice_before;
          }
        });
    context->save_for_backward({choice});
    context->saved_data["window"] = packed(w);
    context->saved_data["input"] = x.sizes().vec();
    return largest;
  }

  static variable_list backward(AutogradContext *context, variable_list outer) {
    at::Tensor choice = context->get_saved_variables()[0];
    const auto input = context->saved_data["input"].toIntVector();
    at::Tensor spread = Spread::apply(outer[0], choice, unpacked(context->saved_data["window"]), at::IntArrayRef(input));
    return {spread, at::Tensor()};
  }
};

}  // namespace

ct_ref ct_max_pool2d(ct_ref input, ct_window w) {
  return made([&] {
    // With few channels the inner loops are too short to pay.
    const at::Tensor &x = input->value;
    if (x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 && x.dim() == 4 && x.size(1) >= 4 &&
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
