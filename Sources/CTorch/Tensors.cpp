// Tensors: creation, reading, conversion, random numbers, shape and indexing.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

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

static at::Device device_of(int device) {
  return device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, device);
}

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
    return at::full(sizes(shape, rank), value,
                    at::TensorOptions(scalar_type(type)).device(device_of(device)));
  });
}

ct_ref ct_arange(int64_t end, int device) {
  return made(
      [&] { return at::arange(end, at::TensorOptions(at::kLong).device(device_of(device))); });
}

void ct_free(ct_ref tensor) { delete tensor; }

int ct_rank(ct_ref tensor) { return static_cast<int>(tensor->value.dim()); }
int64_t ct_size(ct_ref tensor, int dimension) {
  return tensor->value.sizes()[static_cast<size_t>(dimension)];
}
int64_t ct_stride(ct_ref tensor, int dimension) {
  return tensor->value.strides()[static_cast<size_t>(dimension)];
}

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

int ct_device(ct_ref tensor) {
  return tensor->value.is_cuda() ? tensor->value.device().index() : -1;
}

bool ct_read(ct_ref tensor, void *out, size_t bytes) {
  return guarded([&] {
    at::Tensor plain = tensor->value.detach().to(at::kCPU).contiguous();
    TORCH_CHECK(plain.nbytes() == bytes, "a tensor of ", plain.nbytes(), " bytes was read as ",
                bytes);
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
    // With one channel, both orders are the same bytes, and `contiguous` would leave the strides as
    // they are. But the strides tell later operations which order to follow, so they must be set.
    return x.suggest_memory_format() == at::MemoryFormat::ChannelsLast
               ? x
               : x.clone(at::MemoryFormat::ChannelsLast);
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

ct_ref ct_uniform(ct_generator_ref generator, double low, double high, const int64_t *shape,
                  int rank) {
  return made([&] {
    return at::empty(sizes(shape, rank), at::kFloat).uniform_(low, high, generator->value);
  });
}

ct_ref ct_normal(ct_generator_ref generator, const int64_t *shape, int rank) {
  return made([&] {
    return at::randn(sizes(shape, rank), generator->value, at::TensorOptions(at::kFloat));
  });
}

ct_ref ct_integers(ct_generator_ref generator, int64_t below, const int64_t *shape, int rank) {
  return made([&] {
    return at::randint(below, sizes(shape, rank), generator->value, at::TensorOptions(at::kLong));
  });
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

ct_ref ct_roll(ct_ref tensor, const int64_t *shifts, const int64_t *dimensions, int count) {
  return made([&] { return tensor->value.roll(sizes(shifts, count), sizes(dimensions, count)); });
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
