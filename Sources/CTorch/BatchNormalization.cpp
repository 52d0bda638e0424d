// Batch normalisation in training, for tensors whose channels lie side by side in memory.
//
// libtorch's own kernel for that layout adds up a whole batch in single precision; its statistics are off by up to 1e-4,
// which flips the choice of later poolings and so changes gradients by percents. Here partial sums of 64 rows are kept in
// single precision and added up in double, in an order that does not depend on the number of threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"

using namespace ctorch;

namespace {

constexpr int64_t rows_per_chunk = 2048, rows_per_block = 64;

/// Adds up two quantities per channel over all rows: `row(i, a, b)` adds row i's to a[0..<channels] and b[0..<channels].
template <class Row>
std::pair<std::vector<double>, std::vector<double>> column_sums(int64_t rows, int64_t channels, Row row) {
  int64_t chunks = (rows + rows_per_chunk - 1) / rows_per_chunk;
  std::vector<double> first(static_cast<size_t>(chunks * channels)), second(first.size());
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> a(static_cast<size_t>(channels)), b(a.size());
    for (int64_t chunk = begin; chunk < end; chunk++) {
      double *sum_a = &first[static_cast<size_t>(chunk * channels)], *sum_b = &second[static_cast<size_t>(chunk * channels)];
      int64_t last = std::min(rows, (chunk + 1) * rows_per_chunk);
      for (int64_t block = chunk * rows_per_chunk; block < last; block += rows_per_block) {
        std::fill(a.begin(), a.end(), 0.0f);
        std::fill(b.begin(), b.end(), 0.0f);
        for (int64_t i = block; i < std::min(last, block + rows_per_block); i++) row(i, a.data(), b.data());
        for (int64_t c = 0; c < channels; c++) {
          sum_a[c] += a[static_cast<size_t>(c)];
          sum_b[c] += b[static_cast<size_t>(c)];
        }
      }
    }
  });
  for (int64_t chunk = 1; chunk < chunks; chunk++) {
    for (int64_t c = 0; c < channels; c++) {
      first[static_cast<size_t>(c)] += first[static_cast<size_t>(chunk * channels + c)];
      second[static_cast<size_t>(c)] += second[static_cast<size_t>(chunk * channels + c)];
    }
  }
  first.resize(static_cast<size_t>(channels));
  second.resize(static_cast<size_t>(channels));
  return {first, second};
}

template <class Row>
void each_row(int64_t rows, Row row) {
  at::parallel_for(0, rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) row(i);
  });
}

struct BatchStatistics : torch::autograd::Function<BatchStatistics> {
  /// x [N, C, H, W] with channels side by side, or [N, C]
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, std::optional<at::Tensor> running_mean,
                            std::optional<at::Tensor> running_variance, double momentum, double epsilon) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const float *in = x.const_data_ptr<float>();
    // Deviations from the first row: their squares do not drown the variance when the mean is large.
    auto [sums, squares] = column_sums(rows, channels, [&](int64_t i, float *a, float *b) {
      const float *line = in + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        float deviation = line[c] - in[c];
        a[c] += deviation;
        b[c] += deviation * deviation;
      }
    });
    // The mean as two floats, rounded and the rest: pixels far from zero lose nothing when it is subtracted.
    at::Tensor mean = at::empty({channels}, weight.options()), rest = at::empty_like(mean), inverse = at::empty_like(mean);
    std::vector<float> scale(static_cast<size_t>(channels)), shift(scale.size());
    const double count = static_cast<double>(rows);
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      double offset = sums[k] / count, center = in[c] + offset;
      double variance = std::max(0.0, squares[k] / count - offset * offset);
      double deviation = std::sqrt(variance + epsilon);
      float rounded = static_cast<float>(center);
      mean.mutable_data_ptr<float>()[c] = rounded;
      rest.mutable_data_ptr<float>()[c] = static_cast<float>(center - rounded);
      inverse.mutable_data_ptr<float>()[c] = static_cast<float>(1 / deviation);
      if (running_mean && running_variance) {
        float &m = running_mean->mutable_data_ptr<float>()[c], &v = running_variance->mutable_data_ptr<float>()[c];
        m = static_cast<float>((1 - momentum) * m + momentum * center);
        v = static_cast<float>((1 - momentum) * v + momentum * variance * count / std::max(1.0, count - 1));
      }
      scale[k] = static_cast<float>(weight.const_data_ptr<float>()[c] / deviation);
      shift[k] = bias.const_data_ptr<float>()[c] - static_cast<float>(center - rounded) * scale[k];
    }
    at::Tensor out = at::empty_like(x);
    float *y = out.mutable_data_ptr<float>();
    const float *m = mean.const_data_ptr<float>();
    each_row(rows, [&](int64_t i) {
      for (int64_t c = 0; c < channels; c++) {
        y[i * channels + c] = (in[i * channels + c] - m[c]) * scale[static_cast<size_t>(c)] + shift[static_cast<size_t>(c)];
      }
    });
    context->save_for_backward({x, weight, mean, rest, inverse});
    context->saved_data["epsilon"] = epsilon;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    auto saved = context->get_saved_variables();
    at::Tensor none;
    auto [dx, dw, db] = at::GradMode::is_enabled()
                            ? differentiable(saved[0], saved[1], gradients[0], context->saved_data["epsilon"].toDouble())
                            : fast(saved[0], saved[1], saved[2], saved[3], saved[4], gradients[0]);
    return {dx, dw, db, none, none, none, none};
  }

  using Gradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

  /// With x̂ = (x − mean) / deviation: dw = Σ dy·x̂, db = Σ dy, dx = weight / deviation · (dy − db / n − x̂·dw / n).
  static Gradients fast(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &mean, const at::Tensor &rest,
                        const at::Tensor &inverse, const at::Tensor &gradient) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    at::Tensor like = gradient.strides() == x.strides() ? gradient : at::empty_like(x).copy_(gradient);
    const float *in = x.const_data_ptr<float>(), *dy = like.const_data_ptr<float>();
    const float *m = mean.const_data_ptr<float>(), *e = rest.const_data_ptr<float>();
    const float *r = inverse.const_data_ptr<float>();
    auto [along, total] = column_sums(rows, channels, [&](int64_t i, float *a, float *b) {
      const float *line = in + i * channels, *slope = dy + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        a[c] += slope[c] * ((line[c] - m[c] - e[c]) * r[c]);
        b[c] += slope[c];
      }
    });
    at::Tensor dw = at::empty_like(mean), db = at::empty_like(mean), dx = at::empty_like(x);
    std::vector<float> scale(static_cast<size_t>(channels)), level(scale.size()), tilt(scale.size());
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      dw.mutable_data_ptr<float>()[c] = static_cast<float>(along[k]);
      db.mutable_data_ptr<float>()[c] = static_cast<float>(total[k]);
      scale[k] = weight.const_data_ptr<float>()[c] * r[c];
      level[k] = static_cast<float>(total[k] / static_cast<double>(rows));
      tilt[k] = static_cast<float>(along[k] / static_cast<double>(rows)) * r[c];
    }
    float *out = dx.mutable_data_ptr<float>();
    each_row(rows, [&](int64_t i) {
      const float *line = in + i * channels, *slope = dy + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        const size_t k = static_cast<size_t>(c);
        out[i * channels + c] = scale[k] * (slope[c] - level[k] - (line[c] - m[c] - e[c]) * tilt[k]);
      }
    });
    return {dx, dw, db};
  }

  /// The same gradients in operations that can be differentiated again.
  static Gradients differentiable(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &gradient,
                                  double epsilon) {
    std::vector<int64_t> over{0}, shape{1, x.size(1)};
    for (int64_t d = 2; d < x.dim(); d++) {
      over.push_back(d);
      shape.push_back(1);
    }
    at::Tensor centered = x - x.mean(over, true);
    at::Tensor inverse = ((centered * centered).mean(over, true) + epsilon).rsqrt();
    at::Tensor standard = centered * inverse, product = gradient * standard;
    at::Tensor dx = weight.view(shape) * inverse *
                    (gradient - gradient.mean(over, true) - standard * product.mean(over, true));
    return {dx, product.sum(over), gradient.sum(over)};
  }
};

bool channels_side_by_side(const at::Tensor &x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 &&
         (x.dim() == 4 ? x.is_contiguous(at::MemoryFormat::ChannelsLast) : x.dim() == 2 && x.is_contiguous());
}

}  // namespace

ct_ref ct_batch_norm(ct_ref input, ct_ref weight, ct_ref bias, ct_ref running_mean, ct_ref running_variance,
                     bool training, double momentum, double epsilon) {
  return made([&] {
    if (training && weight && bias && channels_side_by_side(input->value)) {
      return BatchStatistics::apply(input->value, weight->value, bias->value, present(running_mean),
                                    present(running_variance), momentum, epsilon);
    }
    return at::batch_norm(input->value, optional(weight), optional(bias), optional(running_mean),
                          optional(running_variance), training, momentum, epsilon, /*cudnn_enabled=*/true);
  });
}
