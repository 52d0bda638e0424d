// What the functions of the C interface share: the types behind its handles, and the one place that
// catches C++ exceptions.
#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/Generator.h>
#include <c10/util/Exception.h>

#include <optional>
#include <string>
#include <vector>

#include "include/CTorch.h"

struct ct_tensor {
  at::Tensor value;
};

struct ct_generator {
  at::Generator value;
};

namespace ctorch {

/// Keeps a message for `ct_last_error` on this thread.
void remember(const char *message);

/// Runs a body. If it throws, keeps the message and returns the zero value of its result type: NULL
/// or false.
template <class Body>
auto guarded(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const c10::Error &error) {
    remember(error.what_without_backtrace());
  } catch (const std::exception &error) {
    remember(error.what());
  }
  return {};
}

/// Runs a body that makes a tensor, and returns the tensor as a new handle; NULL if it throws.
template <class Body>
ct_ref made(Body body) {
  return guarded([&]() -> ct_ref { return new ct_tensor{body()}; });
}

inline at::IntArrayRef sizes(const int64_t *shape, int rank) {
  return at::IntArrayRef(shape, static_cast<size_t>(rank));
}

/// The tensor of a handle, or an undefined tensor for NULL.
inline at::Tensor optional(ct_ref tensor) { return tensor ? tensor->value : at::Tensor(); }

/// The tensor of a handle, or nothing for NULL.
inline std::optional<at::Tensor> present(ct_ref tensor) {
  return tensor ? std::optional<at::Tensor>(tensor->value) : std::nullopt;
}

inline std::vector<at::Tensor> list(const ct_ref *tensors, int count) {
  std::vector<at::Tensor> out;
  out.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; i++) out.push_back(tensors[i]->value);
  return out;
}

}  // namespace ctorch
