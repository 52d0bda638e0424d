// Loops over the rows of a float32 matrix [rows, channels] that lies in memory row by row: the
// pixels of a batch whose channels lie side by side, or the vectors of a batch.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ctorch {

/// `values` lying in memory as `x` does.
inline at::Tensor laid_out_like(const at::Tensor &x, const at::Tensor &values) {
  return values.strides() == x.strides() ? values : at::empty_like(x).copy_(values);
}

/// Adds up `count` quantities per channel over all rows: `row(i, sums)` adds row i's to
/// sums[0..<count][0..<channels].
///
/// Sums of 64 rows are kept in single precision and added up in double, in an order that does not
/// depend on the number of threads.
template <size_t count, class Row>
std::array<std::vector<double>, count> column_sums(int64_t rows, int64_t channels, Row row) {
  constexpr int64_t rows_per_chunk = 2048, rows_per_block = 64;
  const int64_t chunks = (rows + rows_per_chunk - 1) / rows_per_chunk;
  const size_t width = static_cast<size_t>(channels);
  std::array<std::vector<double>, count> wholes;
  for (auto &whole : wholes) whole.resize(static_cast<size_t>(chunks) * width);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> block_sums(count * width);
    std::array<float *, count> sums;
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

/// Calls `row(i)` for every row, in parallel.
template <class Row>
void each_row(int64_t rows, Row row) {
  at::parallel_for(0, rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) row(i);
  });
}

}  // namespace ctorch
