// Loops over the rows of a float32 matrix [rows, channels] that lies in memory row by row.
//
// A batch of images [N, C, H, W] with channels last in memory is such a matrix: a row is one pixel,
// and there are N·H·W of them. A batch of vectors [N, C] is one as well.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ctorch {

/// The elements of a float32 tensor, to read and to write.
inline const float *floats(const at::Tensor &x) { return x.const_data_ptr<float>(); }
inline float *mutable_floats(const at::Tensor &x) { return x.mutable_data_ptr<float>(); }

/// `values` in the same order in memory as `x`, which has the same shape; copied only if needed.
inline at::Tensor laid_out_like(const at::Tensor &x, const at::Tensor &values) {
  return values.strides() == x.strides() ? values : at::empty_like(x).copy_(values);
}

/// Where a row adds its share of `count` sums: one array of `channels` numbers for each sum.
template <size_t count>
using RowSums = std::array<float *, count>;

/// Adds up `count` quantities for each channel over all rows, and returns one vector [channels] for
/// each quantity. `row(i, sums)` must add what row i contributes to channel c of quantity k to
/// `sums[k][c]`.
///
/// A float32 sum over a whole batch would lose digits. Here only 64 rows at a time are added up in
/// float32, many channels at once, and these partial sums are added up in double precision.
///
/// The result is the same for any number of threads, because the order of all additions depends
/// only on the number of rows: one thread adds up a chunk of 2,048 rows from front to back, and the
/// sums of the chunks are then added in their order.
template <size_t count, class Row>
std::array<std::vector<double>, count> column_sums(int64_t rows, int64_t channels, Row row) {
  constexpr int64_t rows_per_chunk = 2048, rows_per_block = 64;
  const int64_t chunks = (rows + rows_per_chunk - 1) / rows_per_chunk;
  const size_t width = static_cast<size_t>(channels);
  // For each quantity a matrix [chunks, channels], of which the first row becomes the result.
  std::array<std::vector<double>, count> wholes;
  for (auto &whole : wholes) whole.resize(static_cast<size_t>(chunks) * width);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> block_sums(count * width);
    RowSums<count> sums;
    for (size_t k = 0; k < count; k++) sums[k] = &block_sums[k * width];
    for (int64_t chunk = begin; chunk < end; chunk++) {
      const int64_t last = std::min(rows, (chunk + 1) * rows_per_chunk);
      for (int64_t block = chunk * rows_per_chunk; block < last; block += rows_per_block) {
        std::fill(block_sums.begin(), block_sums.end(), 0.0f);
        for (int64_t i = block; i < std::min(last, block + rows_per_block); i++) row(i, sums);
        for (size_t k = 0; k < count; k++) {
          double *whole = &wholes[k][static_cast<size_t>(chunk) * width];
          for (size_t c = 0; c < width; c++) whole[c] += sums[k][c];
        }
      }
    }
  });
  for (auto &whole : wholes) {
    for (size_t place = width; place < whole.size(); place++) whole[place % width] += whole[place];
    whole.resize(width);
  }
  return wholes;
}

/// Calls `row(i)` for each row, in parallel. Each call must write to its own row only.
template <class Row>
void each_row(int64_t rows, Row row) {
  constexpr int64_t rows_per_task = 256;
  at::parallel_for(0, rows, rows_per_task, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) row(i);
  });
}

}  // namespace ctorch
