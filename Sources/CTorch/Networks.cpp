// The operations networks are made of that libtorch does well as it is.
#include <ATen/ATen.h>

#include "Guard.h"

using namespace ctorch;

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
