// Converts a sliding window to a list of numbers and back. An operation's autograd context stores
// such a list for the backward pass.
#pragma once
#include <ATen/core/ivalue.h>

#include "include/CTorch.h"

namespace ctorch {

inline at::IValue packed(const ct_window &w) {
  return std::vector<int64_t>{w.kernel[0],  w.kernel[1],  w.stride[0],   w.stride[1],
                              w.padding[0], w.padding[1], w.dilation[0], w.dilation[1]};
}

inline ct_window unpacked(const at::IValue &value) {
  const auto v = value.toIntVector();
  return {{v[0], v[1]}, {v[2], v[3]}, {v[4], v[5]}, {v[6], v[7]}};
}

}  // namespace ctorch
