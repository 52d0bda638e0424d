// Operations for which libtorch's own implementation is used as it is: arithmetic, reductions, and
// some operations of networks.
#include <ATen/ATen.h>

#include <cmath>

#include "Guard.h"

using namespace ctorch;

// ---- arithmetic ---------------------------------------------------------------------------------
ct_ref ct_unary(int op, ct_ref tensor) {
  return made([&]() -> at::Tensor {
    const at::Tensor &x = tensor->value;
    switch (op) {
      case ct_neg: return x.neg();
      case ct_abs: return x.abs();
      case ct_sign: return x.sign();
      case ct_sqrt: return x.sqrt();
      case ct_square: return x * x;
      case ct_exp: return x.exp();
      case ct_log: return x.log();
      case ct_relu: return x.relu();
      case ct_sigmoid: return x.sigmoid();
      case ct_tanh: return x.tanh();
      case ct_gelu: return at::gelu(x);
      case ct_gelu_tanh: return at::gelu(x, "tanh");
      case ct_elu: return at::elu(x);
      case ct_silu: return at::silu(x);
      case ct_softplus: return at::softplus(x);
      case ct_floor: return x.floor();
      case ct_round: return x.round();
      case ct_isfinite: return x.isfinite();
      case ct_logical_not: return x.logical_not();
      case ct_relu6: return at::relu6(x);
      case ct_hardswish: return at::hardswish(x);
      // The derivative of libtorch's own hard sigmoid cannot be differentiated.
      case ct_hardsigmoid: return at::relu6(x + 3) / 6;
    }
    TORCH_CHECK(false, "unknown unary operation ", op);
  });
}

template <class Operand>
static at::Tensor combined(int op, const at::Tensor &a, const Operand &b) {
  switch (op) {
    case ct_add: return a + b;
    case ct_sub: return a - b;
    case ct_mul: return a * b;
    case ct_div: return a / b;
    case ct_pow: return a.pow(b);
    case ct_eq: return a.eq(b);
    case ct_ne: return a.ne(b);
    case ct_lt: return a.lt(b);
    case ct_le: return a.le(b);
    case ct_gt: return a.gt(b);
    case ct_ge: return a.ge(b);
  }
  TORCH_CHECK(false, "unknown binary operation ", op);
}

/// The number as an integer if it has no fraction and the tensor holds integers. The result of an
/// operation on the two then holds integers too, except for a quotient.
static at::Scalar scalar_for(const at::Tensor &a, double b) {
  bool whole = at::isIntegralType(a.scalar_type(), /*includeBool=*/false) && b == std::trunc(b) &&
               std::abs(b) < 0x1p53;
  return whole ? at::Scalar(static_cast<int64_t>(b)) : at::Scalar(b);
}

ct_ref ct_binary(int op, ct_ref a, ct_ref b) {
  return made([&]() -> at::Tensor {
    switch (op) {
      case ct_maximum: return at::maximum(a->value, b->value);
      case ct_minimum: return at::minimum(a->value, b->value);
      case ct_and: return at::logical_and(a->value, b->value);
      case ct_or: return at::logical_or(a->value, b->value);
      default: return combined(op, a->value, b->value);
    }
  });
}

ct_ref ct_binary_scalar(int op, ct_ref a, double b) {
  return made([&]() -> at::Tensor {
    switch (op) {
      case ct_maximum: return a->value.clamp_min(scalar_for(a->value, b));
      case ct_minimum: return a->value.clamp_max(scalar_for(a->value, b));
      default: return combined(op, a->value, scalar_for(a->value, b));
    }
  });
}

ct_ref ct_leaky_relu(ct_ref tensor, double slope) {
  return made([&] { return at::leaky_relu(tensor->value, slope); });
}

ct_ref ct_clamp(ct_ref tensor, double low, double high) {
  return made([&] { return tensor->value.clamp(low, high); });
}

ct_ref ct_matmul(ct_ref a, ct_ref b) {
  return made([&] { return at::matmul(a->value, b->value); });
}

// ---- reductions ---------------------------------------------------------------------------------
ct_ref ct_reduce(int op, ct_ref tensor, const int64_t *dimensions, int count, bool keep) {
  return made([&]() -> at::Tensor {
    const at::Tensor &x = tensor->value;
    std::vector<int64_t> over(dimensions, dimensions + count);
    if (over.empty()) {
      for (int64_t i = 0; i < x.dim(); i++) over.push_back(i);
    }
    switch (op) {
      case ct_sum: return x.sum(over, keep);
      case ct_mean: return x.mean(over, keep);
      case ct_amax: return x.amax(over, keep);
      case ct_amin: return x.amin(over, keep);
      case ct_all: return at::all(x, over, keep);
      case ct_any: return at::any(x, over, keep);
    }
    TORCH_CHECK(false, "unknown reduction ", op);
  });
}

ct_ref ct_argmax(ct_ref tensor, int dimension, bool keep) {
  return made([&] { return tensor->value.argmax(dimension, keep); });
}

ct_ref ct_argmin(ct_ref tensor, int dimension, bool keep) {
  return made([&] { return tensor->value.argmin(dimension, keep); });
}

ct_ref ct_cumsum(ct_ref tensor, int dimension) {
  return made([&] { return tensor->value.cumsum(dimension); });
}

bool ct_topk(ct_ref tensor, int64_t k, int dimension, ct_ref *values, ct_ref *indices) {
  return guarded([&] {
    auto [top, places] = tensor->value.topk(k, dimension);
    *values = new ct_tensor{top};
    *indices = new ct_tensor{places};
    return true;
  });
}

// ---- network operations -------------------------------------------------------------------------
ct_ref ct_resize(ct_ref input, int64_t height, int64_t width) {
  return made([&] {
    std::vector<int64_t> size{height, width};
    return at::upsample_bilinear2d(input->value, size, /*align_corners=*/false);
  });
}

ct_ref ct_pad(ct_ref input, int64_t left, int64_t right, int64_t top, int64_t bottom,
              double value) {
  return made([&] {
    std::vector<int64_t> sides{left, right, top, bottom};
    return at::constant_pad_nd(input->value, sides, value);
  });
}

ct_ref ct_layer_norm(ct_ref input, ct_ref weight, ct_ref bias, double epsilon) {
  return made([&] {
    const at::Tensor &x = input->value;
    return at::layer_norm(x, {x.size(-1)}, weight->value, bias->value, epsilon);
  });
}

ct_ref ct_softmax(ct_ref logits, int dimension) {
  return made([&] { return at::softmax(logits->value, dimension); });
}

ct_ref ct_log_softmax(ct_ref logits, int dimension) {
  return made([&] { return at::log_softmax(logits->value, dimension); });
}
