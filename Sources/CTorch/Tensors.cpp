// Tensors: life, random numbers, shape, indexing, arithmetic, reductions.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "Guard.h"

using namespace ctorch;

static at::ScalarType scalar_type(int type) {
  switch (type) {
    case ct_u8: return at::kByte;
    case ct_i64: return at::kLong;
    case ct_f32: return at::kFloat;
    case ct_f64: return at::kDouble;
    case ct_bool: return at::kBool;
    case ct_i32: return at::kInt;
  }
  TORCH_CHECK(false, "unknown element type ", type);
}

static at::Device device_of(int device) { return device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, device); }

ct_ref ct_from(const void *data, const int64_t *shape, int rank, int type) {
  return made([&] {
    at::Tensor out = at::empty(sizes(shape, rank), scalar_type(type));
    if (out.nbytes() > 0) memcpy(out.data_ptr(), data, out.nbytes());
    return out;
  });
}

ct_ref ct_empty(const int64_t *shape, int rank, int type) {
  return made([&] { return at::empty(sizes(shape, rank), scalar_type(type)); });
}

void *ct_data(ct_ref tensor) { return tensor->value.data_ptr(); }

ct_ref ct_full(double value, const int64_t *shape, int rank, int type, int device) {
  return made([&] {
    return at::full(sizes(shape, rank), value, at::TensorOptions(scalar_type(type)).device(device_of(device)));
  });
}

ct_ref ct_arange(int64_t end, int device) {
  return made([&] { return at::arange(end, at::TensorOptions(at::kLong).device(device_of(device))); });
}

void ct_free(ct_ref tensor) { delete tensor; }

int ct_rank(ct_ref tensor) { return static_cast<int>(tensor->value.dim()); }
int64_t ct_size(ct_ref tensor, int dimension) { return tensor->value.sizes()[static_cast<size_t>(dimension)]; }
int64_t ct_stride(ct_ref tensor, int dimension) { return tensor->value.strides()[static_cast<size_t>(dimension)]; }

int ct_dtype(ct_ref tensor) {
  switch (tensor->value.scalar_type()) {
    case at::kByte: return ct_u8;
    case at::kLong: return ct_i64;
    case at::kFloat: return ct_f32;
    case at::kDouble: return ct_f64;
    case at::kBool: return ct_bool;
    case at::kInt: return ct_i32;
    default: return -1;
  }
}

int ct_device(ct_ref tensor) { return tensor->value.is_cuda() ? tensor->value.device().index() : -1; }

bool ct_read(ct_ref tensor, void *out, size_t bytes) {
  return guarded([&] {
    at::Tensor plain = tensor->value.detach().to(at::kCPU).contiguous();
    TORCH_CHECK(plain.nbytes() == bytes, "a tensor of ", plain.nbytes(), " bytes was read as ", bytes);
    if (bytes > 0) memcpy(out, plain.data_ptr(), bytes);
    return true;
  });
}

ct_ref ct_to_type(ct_ref tensor, int type) {
  return made([&] { return tensor->value.to(scalar_type(type)); });
}

ct_ref ct_to_device(ct_ref tensor, int device) {
  return made([&] { return tensor->value.to(device_of(device)); });
}

ct_ref ct_contiguous(ct_ref tensor, bool channels_last) {
  return made([&]() -> at::Tensor {
    const at::Tensor &x = tensor->value;
    if (!channels_last || x.dim() != 4) return x.contiguous();
    // With one channel both orders are the same bytes; only the strides say which one the
    // operations should follow.
    return x.suggest_memory_format() == at::MemoryFormat::ChannelsLast ? x : x.clone(at::MemoryFormat::ChannelsLast);
  });
}

ct_ref ct_clone(ct_ref tensor) {
  return made([&] { return tensor->value.detach().clone(); });
}

bool ct_assign(ct_ref tensor, ct_ref values) {
  return guarded([&] {
    at::NoGradGuard none;
    tensor->value.copy_(values->value);
    return true;
  });
}

// ---- random numbers -----------------------------------------------------------------------------
ct_generator_ref ct_generator_new(uint64_t seed) {
  return guarded([&] { return new ct_generator{at::detail::createCPUGenerator(seed)}; });
}

void ct_generator_free(ct_generator_ref generator) { delete generator; }

ct_ref ct_uniform(ct_generator_ref generator, double low, double high, const int64_t *shape, int rank) {
  return made([&] { return at::empty(sizes(shape, rank), at::kFloat).uniform_(low, high, generator->value); });
}

ct_ref ct_normal(ct_generator_ref generator, const int64_t *shape, int rank) {
  return made([&] { return at::randn(sizes(shape, rank), generator->value, at::TensorOptions(at::kFloat)); });
}

ct_ref ct_integers(ct_generator_ref generator, int64_t below, const int64_t *shape, int rank) {
  return made([&] { return at::randint(below, sizes(shape, rank), generator->value, at::TensorOptions(at::kLong)); });
}

ct_ref ct_permutation(ct_generator_ref generator, int64_t count) {
  return made([&] { return at::randperm(count, generator->value, at::TensorOptions(at::kLong)); });
}

// ---- shape and indexing -------------------------------------------------------------------------
ct_ref ct_reshape(ct_ref tensor, const int64_t *shape, int rank) {
  return made([&] { return tensor->value.reshape(sizes(shape, rank)); });
}

ct_ref ct_expand(ct_ref tensor, const int64_t *shape, int rank) {
  return made([&] { return tensor->value.expand(sizes(shape, rank)); });
}

ct_ref ct_permute(ct_ref tensor, const int64_t *order, int rank) {
  return made([&] { return tensor->value.permute(sizes(order, rank)); });
}

ct_ref ct_flip(ct_ref tensor, const int64_t *dimensions, int count) {
  return made([&] { return tensor->value.flip(sizes(dimensions, count)); });
}

ct_ref ct_narrow(ct_ref tensor, int dimension, int64_t start, int64_t length) {
  return made([&] { return tensor->value.narrow(dimension, start, length); });
}

ct_ref ct_select(ct_ref tensor, int dimension, int64_t index) {
  return made([&] { return tensor->value.select(dimension, index); });
}

ct_ref ct_index_select(ct_ref tensor, int dimension, ct_ref indices) {
  return made([&] { return tensor->value.index_select(dimension, indices->value); });
}

ct_ref ct_gather(ct_ref tensor, int dimension, ct_ref indices) {
  return made([&] { return tensor->value.gather(dimension, indices->value); });
}

ct_ref ct_scatter(ct_ref tensor, int dimension, ct_ref indices, ct_ref values) {
  return made([&] { return tensor->value.scatter(dimension, indices->value, values->value); });
}

ct_ref ct_nonzero(ct_ref tensor) {
  return made([&] { return tensor->value.nonzero(); });
}

ct_ref ct_cat(const ct_ref *tensors, int count, int dimension) {
  return made([&] { return at::cat(list(tensors, count), dimension); });
}

ct_ref ct_stack(const ct_ref *tensors, int count, int dimension) {
  return made([&] { return at::stack(list(tensors, count), dimension); });
}

ct_ref ct_where(ct_ref condition, ct_ref a, ct_ref b) {
  return made([&] { return at::where(condition->value, a->value, b->value); });
}

ct_ref ct_one_hot(ct_ref labels, int64_t classes) {
  return made([&] { return at::one_hot(labels->value, classes).to(at::kFloat); });
}

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
      case ct_elu: return at::elu(x);
      case ct_silu: return at::silu(x);
      case ct_softplus: return at::softplus(x);
      case ct_floor: return x.floor();
      case ct_round: return x.round();
      case ct_isfinite: return x.isfinite();
      case ct_logical_not: return x.logical_not();
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

/// Whole numbers stay whole: a tensor of integers and a number without a fraction give integers
/// (quotients aside).
static at::Scalar scalar_for(const at::Tensor &a, double b) {
  bool whole = at::isIntegralType(a.scalar_type(), /*includeBool=*/false) && b == std::trunc(b) && std::abs(b) < 0x1p53;
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
