// The gradients of batch normalisation in training, and the gradients of those gradients: two walks
// over the batch each.
#include "BatchNormalization.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "RowLoops.h"

namespace ctorch {
namespace {

using torch::autograd::AutogradContext, torch::autograd::variable_list;

/// The same gradients in plain operations, which can be differentiated as often as one likes.
variable_list plain_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &g, double epsilon) {
  std::vector<int64_t> over{0}, shape{1, x.size(1)};
  for (int64_t d = 2; d < x.dim(); d++) {
    over.push_back(d);
    shape.push_back(1);
  }
  at::Tensor centered = x - x.mean(over, true);
  at::Tensor inverse = ((centered * centered).mean(over, true) + epsilon).rsqrt();
  at::Tensor standard = centered * inverse, product = g * standard;
  at::Tensor dx = weight.view(shape) * inverse * (g - g.mean(over, true) - standard * product.mean(over, true));
  return {dx, product.sum(over), g.sum(over)};
}

/// One number for each channel.
struct PerChannel {
  std::vector<float> values;
  explicit PerChannel(int64_t channels) : values(static_cast<size_t>(channels)) {}
  float &operator[](int64_t c) { return values[static_cast<size_t>(c)]; }
  const float *data() const { return values.data(); }
};

struct GradientOfNormalization : torch::autograd::Function<GradientOfNormalization> {
  /// {dx, dw, db}; see `normalization_gradients`.
  static variable_list forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                               const at::Tensor &g, const Normalizer &normalizer, double epsilon) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const at::Tensor like = laid_out_like(x, g);
    const float *in = x.const_data_ptr<float>(), *slopes = like.const_data_ptr<float>();
    const float *mean = normalizer.mean.const_data_ptr<float>(), *rest = normalizer.rest.const_data_ptr<float>();
    const float *inverse = normalizer.inverse.const_data_ptr<float>(), *w = weight.const_data_ptr<float>();
    auto [along, total] = column_sums<2>(rows, channels, [&](int64_t i, const std::array<float *, 2> &add) {
      const float *__restrict line = in + i * channels, *__restrict slope = slopes + i * channels;
      const float *__restrict m = mean, *__restrict e = rest, *__restrict r = inverse;
      float *__restrict a = add[0], *__restrict b = add[1];
      for (int64_t c = 0; c < channels; c++) {
        a[c] += slope[c] * ((line[c] - m[c] - e[c]) * r[c]);
        b[c] += slope[c];
      }
    });
    at::Tensor dw = at::empty_like(normalizer.mean), db = at::empty_like(dw), dx = at::empty_like(x);
    PerChannel scale(channels), level(channels), tilt(channels);
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      dw.mutable_data_ptr<float>()[c] = static_cast<float>(along[k]);
      db.mutable_data_ptr<float>()[c] = static_cast<float>(total[k]);
      scale[c] = w[c] * inverse[c];
      level[c] = static_cast<float>(total[k] / static_cast<double>(rows));
      tilt[c] = static_cast<float>(along[k] / static_cast<double>(rows)) * inverse[c];
    }
    float *out = dx.mutable_data_ptr<float>();
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels, *__restrict slope = slopes + i * channels;
      const float *__restrict m = mean, *__restrict e = rest, *__restrict s = scale.data();
      const float *__restrict l = level.data(), *__restrict t = tilt.data();
      float *__restrict to = out + i * channels;
      for (int64_t c = 0; c < channels; c++) to[c] = s[c] * (slope[c] - l[c] - (line[c] - m[c] - e[c]) * t[c]);
    });
    context->save_for_backward({x, weight, g, normalizer.mean, normalizer.rest, normalizer.inverse, dw, db});
    context->saved_data["epsilon"] = epsilon;
    context->set_materialize_grads(false);
    return {dx, dw, db};
  }

  /// `outer` holds a loss's gradients in {dx, dw, db}, undefined where it does not depend on one.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    variable_list inner = at::GradMode::is_enabled() ? plain(saved, outer, context->saved_data["epsilon"].toDouble())
                                                     : fused(saved, outer);
    inner.resize(5);
    return inner;
  }

  /// With v, p and q the loss's gradients in dx, dw and db, means over the rows written ⟨·⟩, and
  ///
  ///     r = 1 / deviation, k = w·r², V = ⟨v⟩, X = ⟨v·x̂⟩, a = ⟨g⟩, b = ⟨g·x̂⟩, T = ⟨v·g⟩ − a·V − b·X,
  ///
  /// the loss's gradients are
  ///
  ///     in g: w·r·(v − V − x̂·X) + p·x̂ + q
  ///     in x: (r·p − k·X)·g − k·b·v + (2·k·b·X − k·T − r·p·b)·x̂ + k·(a·X + b·V) − r·p·a
  ///     in w: n·r·T
  static variable_list fused(const variable_list &saved, const variable_list &outer) {
    const at::Tensor &x = saved[0], &weight = saved[1];
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const at::Tensor g = laid_out_like(x, saved[2]);
    const at::Tensor v = outer[0].defined() ? laid_out_like(x, outer[0]) : at::zeros_like(x);
    const float *in = x.const_data_ptr<float>(), *slopes = g.const_data_ptr<float>(), *outers = v.const_data_ptr<float>();
    const float *mean = saved[3].const_data_ptr<float>(), *rest = saved[4].const_data_ptr<float>();
    const float *inverse = saved[5].const_data_ptr<float>(), *w = weight.const_data_ptr<float>();
    auto [total, along, across] = column_sums<3>(rows, channels, [&](int64_t i, const std::array<float *, 3> &add) {
      const float *__restrict line = in + i * channels, *__restrict slope = slopes + i * channels;
      const float *__restrict out = outers + i * channels;
      const float *__restrict m = mean, *__restrict e = rest, *__restrict r = inverse;
      float *__restrict p = add[0], *__restrict q = add[1], *__restrict s = add[2];
      for (int64_t c = 0; c < channels; c++) {
        p[c] += out[c];
        q[c] += out[c] * ((line[c] - m[c] - e[c]) * r[c]);
        s[c] += out[c] * slope[c];
      }
    });
    at::Tensor in_x = at::empty_like(x), in_g = at::empty_like(x), in_weight = at::empty_like(weight);
    PerChannel x_of_g(channels), x_of_v(channels), x_of_x(channels), x_level(channels);
    PerChannel g_of_v(channels), g_of_x(channels), g_level(channels);
    const double n = static_cast<double>(rows);
    for (int64_t c = 0; c < channels; c++) {
      const size_t i = static_cast<size_t>(c);
      const double r = inverse[c], k = w[c] * r * r;
      const double V = total[i] / n, X = along[i] / n;
      const double b = saved[6].const_data_ptr<float>()[c] / n, a = saved[7].const_data_ptr<float>()[c] / n;
      const double T = across[i] / n - a * V - b * X;
      const double p = outer[1].defined() ? outer[1].contiguous().const_data_ptr<float>()[c] : 0;
      const double q = outer[2].defined() ? outer[2].contiguous().const_data_ptr<float>()[c] : 0;
      in_weight.mutable_data_ptr<float>()[c] = static_cast<float>(n * r * T);
      g_of_v[c] = static_cast<float>(w[c] * r);
      g_of_x[c] = static_cast<float>((p - w[c] * r * X) * r);
      g_level[c] = static_cast<float>(q - w[c] * r * V);
      x_of_g[c] = static_cast<float>(r * p - k * X);
      x_of_v[c] = static_cast<float>(-k * b);
      x_of_x[c] = static_cast<float>((2 * k * b * X - k * T - r * p * b) * r);
      x_level[c] = static_cast<float>(k * (a * X + b * V) - r * p * a);
    }
    float *to_x = in_x.mutable_data_ptr<float>(), *to_g = in_g.mutable_data_ptr<float>();
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels, *__restrict slope = slopes + i * channels;
      const float *__restrict out = outers + i * channels, *__restrict m = mean, *__restrict e = rest;
      const float *__restrict gv = g_of_v.data(), *__restrict gx = g_of_x.data(), *__restrict gl = g_level.data();
      const float *__restrict xg = x_of_g.data(), *__restrict xv = x_of_v.data(), *__restrict xx = x_of_x.data();
      const float *__restrict xl = x_level.data();
      float *__restrict dx = to_x + i * channels, *__restrict dg = to_g + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        const float centered = line[c] - m[c] - e[c];
        dg[c] = gv[c] * out[c] + gx[c] * centered + gl[c];
        dx[c] = xg[c] * slope[c] + xv[c] * out[c] + xx[c] * centered + xl[c];
      }
    });
    return {in_x, in_weight, in_g};
  }

  /// The same by libtorch's differentiation of the plain operations, so that it can be
  /// differentiated in its turn.
  static variable_list plain(const variable_list &saved, const variable_list &outer, double epsilon) {
    // As variables of their own, since g itself may depend on x, and only what these gradients take
    // from x counts here.
    variable_list variables;
    for (const at::Tensor *variable : {&saved[0], &saved[1], &saved[2]}) {
      variables.push_back(variable->requires_grad() ? variable->view_as(*variable) : variable->detach().requires_grad_());
    }
    variable_list made = plain_gradients(variables[0], variables[1], variables[2], epsilon), outputs, slopes;
    for (size_t i = 0; i < 3; i++) {
      if (!outer[i].defined()) continue;
      outputs.push_back(made[i]);
      slopes.push_back(outer[i]);
    }
    return torch::autograd::grad(outputs, variables, slopes, /*retain_graph=*/true, /*create_graph=*/true,
                                 /*allow_unused=*/true);
  }
};

}  // namespace

NormalizationGradients normalization_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &g,
                                               const Normalizer &normalizer, double epsilon) {
  variable_list made = GradientOfNormalization::apply(x, weight, g, normalizer, epsilon);
  return {made[0], made[1], made[2]};
}

}  // namespace ctorch
