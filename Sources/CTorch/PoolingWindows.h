// The sliding windows of a pooling, for tensors [N, C, H, W] with channels last in memory.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "Window.h"

// A function marked CT_WIDE is compiled several times, for vector registers of different widths.
// When the program starts, it chooses the version for the widest registers that the processor has.
#if defined(__x86_64__) && defined(__linux__)
#define CT_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_WIDE
#endif
// Everything that a CT_WIDE function calls must be inlined into it. A function that stayed separate
// would be compiled once only, for the narrowest registers.
#define CT_INLINED __attribute__((always_inline))

namespace ctorch {

/// The geometry of a pooling: the pixels of a batch under sliding windows.
///
/// An output pixel (row, column) looks at the input pixels
///
///     y = row·stride − padding + i·dilation,  x = column·stride − padding + j·dilation
///
/// with 0 ≤ i, j < kernel that lie inside the image. The number i·kernel width + j is the place of
/// an input pixel in its window.
struct Windows {
  /// A place must fit into a byte, and 255 stands for "no place". A window has at most 255 places,
  /// 0 to 254.
  static constexpr int64_t most_places = 255;

  ct_window w;
  int64_t images, channels, height, width, rows, columns;

  /// - input: the shape [N, C, H, W] of the input.
  Windows(at::IntArrayRef input, const ct_window &w)
      : w(w), images(input[0]), channels(input[1]), height(input[2]), width(input[3]),
        rows(count(0, height)), columns(count(1, width)) {}

  /// How many windows fit along an axis (0: height, 1: width) of an input of that size.
  int64_t count(int axis, int64_t size) const {
    const int64_t span = w.dilation[axis] * (w.kernel[axis] - 1) + 1;
    return (size + 2 * w.padding[axis] - span) / w.stride[axis] + 1;
  }

  /// How many numbers one image has, before and after the pooling.
  int64_t input_size() const { return height * width * channels; }
  int64_t output_size() const { return rows * columns * channels; }

  /// Uninitialised tensors of the output's shape [N, C, rows, columns] and of the input's shape
  /// [N, C, H, W].
  at::Tensor output(at::ScalarType type) const {
    return at::empty({images, channels, rows, columns}, at::TensorOptions(type),
                     at::MemoryFormat::ChannelsLast);
  }

  at::Tensor input() const {
    return at::empty({images, channels, height, width}, at::TensorOptions(at::kFloat),
                     at::MemoryFormat::ChannelsLast);
  }

  /// Whether each input pixel lies in exactly one window.
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

  /// The `count` input pixels that one window covers. Pixel k has its channels at
  /// offsets[k], …, offsets[k] + channels − 1 of its image's memory, and the place places[k] in the
  /// window. Places are in ascending order.
  struct View {
    int64_t count;
    int64_t offsets[most_places];
    int32_t places[most_places];
  };

  /// Finds the input pixels that the window of an output pixel covers.
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

  /// Calls `pixel(out, view)` for each output pixel of one image. The channels of the output pixel
  /// begin at `out` in its image's memory; `view` is what its window covers.
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
