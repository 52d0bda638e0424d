// The loops of maximum pooling over one image. Pooling.cpp explains the notation.
#pragma once
#include <cstring>
#include <limits>

#include "PoolingWindows.h"

namespace {

using namespace ctorch;

using Choice = uint8_t;

// Sixteen channels at once, which the compiler puts into one or more registers.
typedef float Numbers __attribute__((vector_size(64)));
typedef int32_t Places __attribute__((vector_size(64)));
typedef Choice Choices __attribute__((vector_size(16)));
constexpr int64_t lanes = 16;

/// The numbers of one image [H, W, C], read at a place in memory: one, or sixteen from there on.
struct ImageNumbers {
  const float *in;
  CT_INLINED float one(int64_t at) const { return in[at]; }
  CT_INLINED void many(int64_t at, Numbers &value) const {
    std::memcpy(&value, in + at, sizeof value);
  }
};

/// One end of the intervals of one image: center + sign·radius, with the sign 1 or −1.
struct IntervalEnds {
  const float *center, *radius;
  float sign;
  CT_INLINED float one(int64_t at) const { return center[at] + sign * radius[at]; }
  CT_INLINED void many(int64_t at, Numbers &value) const {
    Numbers width;
    std::memcpy(&value, center + at, sizeof value);
    std::memcpy(&width, radius + at, sizeof width);
    value += sign * width;
  }
};

/// For one image, finds the largest number of each window and its place in the window.
///
/// Ties and NaN follow libtorch: of several equal largest numbers the first is chosen. NaN counts
/// as larger than every number, and of several NaNs the last is chosen. A window that lies entirely
/// in the padding gives −∞ and chooses no place (`Windows::most_places`).
///
/// - in: the numbers [H, W, C]; to, chosen: [rows, columns, C].
template <class Source>
CT_INLINED inline void find_largest(const Windows &windows, const Source &in, float *to,
                                    Choice *chosen) {
  const int64_t channels = windows.channels, whole = channels - channels % lanes;
  windows.each_pixel([&](int64_t out, const Windows::View &view) CT_INLINED {
    for (int64_t c = 0; c < whole; c += lanes) {
      Numbers best = Numbers{} - std::numeric_limits<float>::infinity();
      Places choice = Places{} + static_cast<int32_t>(Windows::most_places);
      for (int64_t k = 0; k < view.count; k++) {
        Numbers value;
        in.many(view.offsets[k] + c, value);
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
        const float value = in.one(view.offsets[k] + c);
        if (k > 0 && !(value > best) && value == value) continue;
        best = value;
        choice = view.places[k];
      }
      to[out + c] = best;
      chosen[out + c] = static_cast<Choice>(choice);
    }
  });
}

CT_WIDE void largest_of_windows(const Windows &windows, const float *in, float *to,
                                Choice *chosen) {
  find_largest(windows, ImageNumbers{in}, to, chosen);
}

CT_WIDE void largest_of_intervals(const Windows &windows, const float *center, const float *radius,
                                  float sign, float *to, Choice *chosen) {
  find_largest(windows, IntervalEnds{center, radius, sign}, to, chosen);
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

/// For one image whose pixels each lie in one window, the gradients in the centre and in the radius
/// of its intervals: the sum and the difference of what `spread_over_windows` gives for both ends.
///
/// - lower, upper: the gradients in the pooled ends [rows, columns, C], with their choices; center,
///   radius: [H, W, C].
CT_WIDE void spread_over_intervals(const Windows &windows, const float *lower,
                                   const Choice *chosen_lower, const float *upper,
                                   const Choice *chosen_upper, float *center, float *radius) {
  const int64_t channels = windows.channels;
  windows.each_pixel([&](int64_t out, const Windows::View &view) CT_INLINED {
    const float *__restrict low = lower + out;
    const float *__restrict high = upper + out;
    const Choice *__restrict at_low = chosen_lower + out;
    const Choice *__restrict at_high = chosen_upper + out;
    for (int64_t k = 0; k < view.count; k++) {
      float *__restrict sum = center + view.offsets[k];
      float *__restrict difference = radius + view.offsets[k];
      const int32_t place = view.places[k];
      for (int64_t c = 0; c < channels; c++) {
        const float l = at_low[c] == place ? low[c] : 0.0f;
        const float h = at_high[c] == place ? high[c] : 0.0f;
        sum[c] = h + l;
        difference[c] = h - l;
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

}  // namespace
