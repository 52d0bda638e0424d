// Batch normalisation in training, with the channels side by side in memory.
//
// libtorch's own kernel for that layout adds up a whole batch in single precision; its statistics
// are off by up to 1e-4, which flips the choice of later poolings and so changes gradients by
// percents. Here sums are added up in double. Also, libtorch's third derivative takes the
// statistics for constants; ours does not.
#include "BatchNormalization.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "RowLoops.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// Running statistics [C] that move towards the batch's in place, where there are any.
struct RunningStatistics {
  std::optional<at::Tensor> mean, variance;
  double momentum;

  void move(int64_t channel, double batch_mean, double batch_variance, double rows) const {
    if (!mean || !variance) return;
    float &m = mean->mutable_data_ptr<float>()[channel], &v = variance->mutable_data_ptr<float>()[channel];
    m = static_cast<float>((1 - momentum) * m + momentum * batch_mean);
    v = static_cast<float>((1 - momentum) * v + momentum * batch_variance * rows / std::max(1.0, rows - 1));
  }
};

struct BatchStatistics : torch::autograd::Function<BatchStatistics> {
  /// x [N, C, H, W] with channels side by side, or [N, C]
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, const RunningStatistics &running, double epsilon) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const float *in = x.const_data_ptr<float>();
    // Deviations from the first row: their squares do not drown the variance when the mean is
    // large.
    auto [sums, squares] = column_sums<2>(rows, channels, [&](int64_t i, const std::array<float *, 2> &add) {
      const float *__restrict line = in + i * channels;
      float *__restrict a = add[0], *__restrict b = add[1];
      for (int64_t c = 0; c < channels; c++) {
        float deviation = line[c] - in[c];
        a[c] += deviation;
        b[c] += deviation * deviation;
      }
    });
    Normalizer normalizer{at::empty({channels}, weight.options()), at::empty({channels}, weight.options()),
                          at::empty({channels}, weight.options())};
    std::vector<float> scale(static_cast<size_t>(channels)), shift(scale.size());
    const double count = static_cast<double>(rows);
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      double offset = sums[k] / count, center = in[c] + offset;
      double variance = std::max(0.0, squares[k] / count - offset * offset);
      double deviation = std::sqrt(variance + epsilon);
      float rounded = static_cast<float>(center), rest = static_cast<float>(center - rounded);
      normalizer.mean.mutable_data_ptr<float>()[c] = rounded;
      normalizer.rest.mutable_data_ptr<float>()[c] = rest;
      normalizer.inverse.mutable_data_ptr<float>()[c] = static_cast<float>(1 / deviation);
      running.move(c, center, variance, count);
      scale[k] = static_cast<float>(weight.const_data_ptr<float>()[c] / deviation);
      shift[k] = bias.const_data_ptr<float>()[c] - rest * scale[k];
    }
    at::Tensor out = at::empty_like(x);
    float *y = out.mutable_data_ptr<float>();
    const float *mean = normalizer.mean.const_data_ptr<float>();
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels, *__restrict m = mean;
      const float *__restrict s = scale.data(), *__restrict t = shift.data();
      float *__restrict to = y + i * channels;
      for (int64_t c = 0; c < channels; c++) to[c] = (line[c] - m[c]) * s[c] + t[c];
    });
    context->save_for_backward({x, weight, normalizer.mean, normalizer.rest, normalizer.inverse});
    context->saved_data["epsilon"] = epsilon;
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    auto [dx, dw, db] = normalization_gradients(saved[0], saved[1], gradients[0], {saved[2], saved[3], saved[4]},
                                                context->saved_data["epsilon"].toDouble());
    return {dx, dw, db, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ct_ref ct_batch_norm(ct_ref input, ct_ref weight, ct_ref bias, ct_ref running_mean, ct_ref running_variance,
                     bool training, double momentum, double epsilon) {
  return made([&] {
    const at::Tensor &x = input->value;
    if (training && weight && bias && x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 &&
        (x.dim() == 4 || x.dim() == 2)) {
      const at::Tensor ordered = x.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
      const RunningStatistics running{present(running_mean), present(running_variance), momentum};
      return BatchStatistics::apply(ordered, weight->value, bias->value, running, epsilon);
    }
    return at::batch_norm(input->value, optional(weight), optional(bias), optional(running_mean),
                          optional(running_variance), training, momentum, epsilon, /*cudnn_enabled=*/true);
  });
}
