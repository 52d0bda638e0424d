// Batch normalisation in training, for float32 on the processor with channels last in memory.
// BatchNormalization.h explains the notation.
//
// It replaces libtorch's own kernel for that layout for two reasons. That kernel adds up a whole
// batch in single precision, so that its statistics are off by up to 1e-4; this changes which
// numbers later poolings choose, and so changes gradients by an amount in the percent range. And
// libtorch's third derivative treats the statistics as constants, which they are not.
#include "BatchNormalization.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Guard.h"
#include "RowLoops.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// The running statistics [C] that evaluation uses later; undefined in a pass that must not update
/// them.
struct RunningStatistics {
  std::optional<at::Tensor> mean, variance;
  double momentum;

  /// running ← (1 − momentum)·running + momentum·batch, in place, for one channel.
  ///
  /// As in PyTorch, the running variance is the unbiased one, n / (n − 1) times the batch's biased
  /// variance, while training normalises by the biased one.
  void move(int64_t channel, double batch_mean, double batch_variance, double rows) const {
    if (!mean || !variance) return;
    float &m = mutable_floats(*mean)[channel];
    float &v = mutable_floats(*variance)[channel];
    const double part = momentum * batch_variance * rows / std::max(1.0, rows - 1);
    m = static_cast<float>((1 - momentum) * m + momentum * batch_mean);
    v = static_cast<float>((1 - momentum) * v + part);
  }
};

/// The mean and the biased variance of each channel.
struct Moments {
  std::vector<double> mean, variance;
};

/// The moments of x, float32 [N, C, H, W] with channels last in memory, or [N, C].
///
/// They come from the sums of d = x − x₀ and of d², where x₀ is the first row. For any x₀,
///
///     μ = x₀ + ⟨d⟩  and  σ² = ⟨d²⟩ − ⟨d⟩².
///
/// With x₀ = 0, both terms of σ² would be about μ², and their difference would lose all digits
/// where the mean is large beside the deviation. With a row of the batch as x₀, d is about as
/// large as the deviation itself.
Moments moments(const at::Tensor &x) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const float *in = floats(x);
  auto [sums, squares] = column_sums<2>(rows, channels, [&](int64_t i, const RowSums<2> &add) {
    const float *__restrict line = in + i * channels;
    float *__restrict a = add[0];
    float *__restrict b = add[1];
    for (int64_t c = 0; c < channels; c++) {
      float deviation = line[c] - in[c];
      a[c] += deviation;
      b[c] += deviation * deviation;
    }
  });
  const double count = static_cast<double>(rows);
  for (size_t c = 0; c < sums.size(); c++) {
    double offset = sums[c] / count;
    squares[c] = std::max(0.0, squares[c] / count - offset * offset);
    sums[c] = in[c] + offset;
  }
  return {std::move(sums), std::move(squares)};
}

/// Whether the loops of this file can read x, once its memory is ordered.
bool has_own_loops(const at::Tensor &x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0 &&
         (x.dim() == 4 || x.dim() == 2);
}

/// x with channels last in memory, copied only if needed.
at::Tensor ordered(const at::Tensor &x) {
  return x.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                   : at::MemoryFormat::Contiguous);
}

/// The moments as a tensor that can be differentiated.
struct ChannelMoments : torch::autograd::Function<ChannelMoments> {
  /// x as in `moments` → [2, C]: μ and σ².
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x) {
    const auto [mean, variance] = moments(x);
    const int64_t channels = x.size(1);
    at::Tensor out = at::empty({2, channels}, x.options().memory_format(std::nullopt));
    std::copy(mean.begin(), mean.end(), mutable_floats(out));
    std::copy(variance.begin(), variance.end(), mutable_floats(out) + channels);
    context->save_for_backward({x, out});
    return out;
  }

  /// gradients[0]: [2, C], a = ∂L/∂μ and b = ∂L/∂σ². ∂L/∂x = (a + 2·b·(x − μ)) / n.
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0];
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape[1] = x.size(1);
    const double count = static_cast<double>(x.numel() / x.size(1));
    const auto per_channel = [&](const at::Tensor &both, int64_t row) {
      return both.select(0, row).reshape(shape);
    };
    return {at::addcmul(per_channel(gradients[0], 0) / count, x - per_channel(saved[1], 0),
                        per_channel(gradients[0], 1), 2 / count)};
  }
};

struct BatchStatistics : torch::autograd::Function<BatchStatistics> {
  /// x [N, C, H, W] with channels last in memory, or [N, C]; weight, bias [C] → y, shaped as x.
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, const RunningStatistics &running,
                            double epsilon) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const float *in = floats(x);
    const auto [means, variances] = moments(x);
    const auto per_channel = [&] { return at::empty({channels}, weight.options()); };
    Normalizer normalizer{per_channel(), per_channel(), per_channel()};
    // y = (x − rounded mean)·scale + shift, where shift also takes away the rest of the mean.
    std::vector<float> scale(static_cast<size_t>(channels)), shift(scale.size());
    const double count = static_cast<double>(rows);
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      double center = means[k], deviation = std::sqrt(variances[k] + epsilon);
      float rounded = static_cast<float>(center), rest = static_cast<float>(center - rounded);
      mutable_floats(normalizer.mean)[c] = rounded;
      mutable_floats(normalizer.rest)[c] = rest;
      mutable_floats(normalizer.inverse)[c] = static_cast<float>(1 / deviation);
      running.move(c, center, variances[k], count);
      scale[k] = static_cast<float>(floats(weight)[c] / deviation);
      shift[k] = floats(bias)[c] - rest * scale[k];
    }
    at::Tensor out = at::empty_like(x);
    float *y = mutable_floats(out);
    const float *mean = floats(normalizer.mean);
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels;
      const float *__restrict m = mean;
      const float *__restrict s = scale.data();
      const float *__restrict t = shift.data();
      float *__restrict to = y + i * channels;
      for (int64_t c = 0; c < channels; c++) to[c] = (line[c] - m[c]) * s[c] + t[c];
    });
    context->save_for_backward({x, weight, normalizer.mean, normalizer.rest, normalizer.inverse});
    context->saved_data["epsilon"] = epsilon;
    return out;
  }

  /// gradients[0]: g = ∂L/∂y, shaped as x.
  static variable_list backward(AutogradContext *context, variable_list gradients) {
    auto saved = context->get_saved_variables();
    const Normalizer normalizer{saved[2], saved[3], saved[4]};
    auto [dx, dw, db] = normalization_gradients(saved[0], saved[1], gradients[0], normalizer,
                                                context->saved_data["epsilon"].toDouble());
    // Neither the running statistics nor ε have a gradient.
    return {dx, dw, db, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ct_ref ct_batch_norm(ct_ref input, ct_ref weight, ct_ref bias, ct_ref running_mean,
                     ct_ref running_variance, bool training, double momentum, double epsilon) {
  return made([&] {
    const at::Tensor &x = input->value;
    if (training && weight && bias && has_own_loops(x)) {
      const RunningStatistics running{present(running_mean), present(running_variance), momentum};
      return BatchStatistics::apply(ordered(x), weight->value, bias->value, running, epsilon);
    }
    return at::batch_norm(x, optional(weight), optional(bias), optional(running_mean),
                          optional(running_variance), training, momentum, epsilon,
                          /*cudnn_enabled=*/true);
  });
}

ct_ref ct_channel_moments(ct_ref input) {
  return made([&] {
    const at::Tensor &x = input->value;
    if (has_own_loops(x)) return ChannelMoments::apply(ordered(x));
    std::vector<int64_t> axes{0};
    for (int64_t axis = 2; axis < x.dim(); axis++) axes.push_back(axis);
    return at::stack({x.mean(axes), x.var(axes, /*unbiased=*/false)});
  });
}
