// Walks over the windows of a pooling, for tensors whose channels lie side by side in memory.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "Window.h"

// Compiled for each kind of vector registers; the widest that the processor has is taken at run
// time.
#if defined(__x86_64__) && defined(__linux__)
#define CT_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_WIDE
#endif
// Without it what is called stays a function of its own, for the narrowest registers.
#define CT_INLINED __attribute__((always_inline))

namespace ctorch {

/// Output pixels of a batch [N, C, H, W] under a window, and for each of them the input pixels it
/// looks at.
struct Windows {
  /// The most places that a window may have for a byte to tell them apart.
  static constexpr int64_t most_places = 255;

  ct_window w;
  int64_t images, channels, height, width, rows, columns;

  Windows(at::IntArrayRef input, const ct_window &w)
      : w(w), images(input[0]), channels(input[1]), height(input[2]), width(input[3]), rows(count(0, height)),
        columns(count(1, width)) {}

  int64_t count(int axis, int64_t size) const {
    return (size + 2 * w.padding[axis] - w.dilation[axis] * (w.kernel[axis] - 1) - 1) / w.stride[axis] + 1;
  }

  /// How many numbers an image has.
  int64_t input_size() const { return height * width * channels; }
  int64_t output_size() const { return rows * columns * channels; }

  at::Tensor output(at::ScalarType type) const {
    return at::empty({images, channels, rows, columns}, at::TensorOptions(type), at::MemoryFormat::ChannelsLast);
  }

  at::Tensor input() const {
    return at::empty({images, channels, height, width}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  }

  /// Whether every input pixel is in exactly one window.
  bool tile() const {
    auto fits = [&](int axis, int64_t size) {
      return w.padding[axis] == 0 && w.dilation[axis] == 1 && w.stride[axis] == w.kernel[axis] &&
             size % w.kernel[axis] == 0;
    };
    return fits(0, height) && fits(1, width);
  }

  /// Calls `image(n)` for each image, in parallel.
  template <class Image>
  void each_image(Image image) const {
    at::parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; n++) image(n);
    });
  }

  /// The input pixels in a window: where in their image's memory their channels begin, and their
  /// places in the window.
  struct View {
    int64_t count;
    int64_t offsets[most_places];
    int32_t places[most_places];
  };

  CT_INLINED inline void look(int64_t row, int64_t column, View &view) const {
    view.count = 0;
    for (int64_t i = 0; i < w.kernel[0]; i++) {
      const int64_t y = row * w.stride[0] - w.padding[0] + i * w.dilation[0];
      if (y < 0 || y >= height) continue;
      for (int64_t j = 0; j < w.kernel[1]; j++) {
        const int64_t x = column * w.stride[1] - w.padding[1] + j * w.dilation[1];
        if (x < 0 || x >= width) continue;
        view.offsets[view.count] = (y * width + x) * channels;
        view.places[view.count++] = static_cast<int32_t>(i * w.kernel[1] + j);
      }
    }
  }

  /// Calls `pixel(out, view)` for each output pixel: where in its image's memory its channels
  /// begin, and its window.
  template <class Pixel>
  CT_INLINED inline void each_pixel(Pixel pixel) const {
    View view;
    for (int64_t row = 0; row < rows; row++) {
      for (int64_t column = 0; column < columns; column++) {
        look(row, column, view);
        pixel((row * columns + column) * channels, view);
      }
    }
  }
};

}  // namespace ctorch
