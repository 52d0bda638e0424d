// The first and the second derivatives of batch normalisation in training. Each of them takes two
// walks over the batch. BatchNormalization.h explains the notation.
//
// How the derivatives follow. Let P be the linear map
//
//     P(z) = z − ⟨z⟩ − x̂·⟨z·x̂⟩
//
// of one number per row to one number per row. It is symmetric: Σ a·P(b) = Σ P(a)·b. A change δx of
// the input changes σ² by 2·⟨(x − μ)·δx⟩, so r by −r²·⟨x̂·δx⟩, so
//
//     δx̂ = r·(δx − ⟨δx⟩) + (x − μ)·δr = r·P(δx).                                             (1)
//
// First derivatives. δL = Σ g·δy with δy = δw·x̂ + w·δx̂ + δbias. With (1) and the symmetry of P,
//
//     dx = ∂L/∂x = w·r·P(g),   dw = ∂L/∂w = Σ g·x̂,   db = ∂L/∂bias = Σ g.
//
// Second derivatives. Let M be a loss computed from these three, with the gradients v = ∂M/∂dx,
// p = ∂M/∂dw and q = ∂M/∂db; v has a number per row, p and q have one per channel. Write
//
//     k = w·r²,  V = ⟨v⟩,  X = ⟨v·x̂⟩,  A = ⟨g⟩,  B = ⟨g·x̂⟩,
//     T = ⟨v·P(g)⟩ = ⟨v·g⟩ − A·V − B·X.
//
// δM = Σ v·δ(dx) + p·δ(dw) + q·δ(db), where Σ v·dx = n·w·r·T. A change of x changes r as above, T
// by −X·⟨g·δx̂⟩ − B·⟨v·δx̂⟩, and dw by Σ g·δx̂. With (1),
//
//     ∂M/∂g = w·r·P(v) + p·x̂ + q
//     ∂M/∂w = n·r·T
//     ∂M/∂x = (r·p − k·X)·P(g) − k·B·P(v) − k·T·x̂.
#include "BatchNormalization.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "RowLoops.h"

namespace ctorch {
namespace {

using torch::autograd::AutogradContext, torch::autograd::variable_list;

/// {dx, dw, db} in libtorch's own operations, which it can differentiate any number of times.
variable_list plain_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &g,
                              double epsilon) {
  std::vector<int64_t> over{0}, shape{1, x.size(1)};
  for (int64_t d = 2; d < x.dim(); d++) {
    over.push_back(d);
    shape.push_back(1);
  }
  at::Tensor centered = x - x.mean(over, true);
  at::Tensor inverse = ((centered * centered).mean(over, true) + epsilon).rsqrt();
  at::Tensor standard = centered * inverse, product = g * standard;
  at::Tensor projected = g - g.mean(over, true) - standard * product.mean(over, true);
  return {weight.view(shape) * inverse * projected, product.sum(over), g.sum(over)};
}

/// One float32 number for each channel.
struct PerChannel {
  std::vector<float> values;
  explicit PerChannel(int64_t channels) : values(static_cast<size_t>(channels)) {}
  float &operator[](int64_t c) { return values[static_cast<size_t>(c)]; }
  const float *data() const { return values.data(); }
};

struct GradientOfNormalization : torch::autograd::Function<GradientOfNormalization> {
  /// x, g [N, C, H, W] or [N, C], weight [C] → {dx, dw, db}, as in `normalization_gradients`.
  static variable_list forward(AutogradContext *context, const at::Tensor &x,
                               const at::Tensor &weight, const at::Tensor &g,
                               const Normalizer &normalizer, double epsilon) {
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const at::Tensor like = laid_out_like(x, g);
    const float *in = floats(x), *slopes = floats(like), *w = floats(weight);
    const float *mean = floats(normalizer.mean), *rest = floats(normalizer.rest);
    const float *inverse = floats(normalizer.inverse);
    // First walk: Σ g·x̂ and Σ g.
    auto [along, total] = column_sums<2>(rows, channels, [&](int64_t i, const RowSums<2> &add) {
      const float *__restrict line = in + i * channels;
      const float *__restrict slope = slopes + i * channels;
      const float *__restrict m = mean;
      const float *__restrict e = rest;
      const float *__restrict r = inverse;
      float *__restrict a = add[0];
      float *__restrict b = add[1];
      for (int64_t c = 0; c < channels; c++) {
        a[c] += slope[c] * ((line[c] - m[c] - e[c]) * r[c]);
        b[c] += slope[c];
      }
    });
    // dx = scale·(g − level − (x − μ)·tilt) with scale = w·r, level = A and tilt = B·r.
    at::Tensor dw = at::empty_like(normalizer.mean), db = at::empty_like(dw);
    PerChannel scale(channels), level(channels), tilt(channels);
    for (int64_t c = 0; c < channels; c++) {
      const size_t k = static_cast<size_t>(c);
      mutable_floats(dw)[c] = static_cast<float>(along[k]);
      mutable_floats(db)[c] = static_cast<float>(total[k]);
      scale[c] = w[c] * inverse[c];
      level[c] = static_cast<float>(total[k] / static_cast<double>(rows));
      tilt[c] = static_cast<float>(along[k] / static_cast<double>(rows)) * inverse[c];
    }
    // Second walk: dx.
    at::Tensor dx = at::empty_like(x);
    float *out = mutable_floats(dx);
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels;
      const float *__restrict slope = slopes + i * channels;
      const float *__restrict m = mean;
      const float *__restrict e = rest;
      const float *__restrict s = scale.data();
      const float *__restrict l = level.data();
      const float *__restrict t = tilt.data();
      float *__restrict to = out + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        to[c] = s[c] * (slope[c] - l[c] - (line[c] - m[c] - e[c]) * t[c]);
      }
    });
    context->save_for_backward(
        {x, weight, g, normalizer.mean, normalizer.rest, normalizer.inverse, dw, db});
    context->saved_data["epsilon"] = epsilon;
    // If a loss M does not depend on one of the three results, its gradient arrives as an undefined
    // tensor, and not as zeros.
    context->set_materialize_grads(false);
    return {dx, dw, db};
  }

  /// outer: {v, p, q}, each undefined if M does not depend on it → ∂M/∂x, ∂M/∂w, ∂M/∂g.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    variable_list inner = at::GradMode::is_enabled()
                              ? plain(saved, outer, context->saved_data["epsilon"].toDouble())
                              : fused(saved, outer);
    // Neither the statistics, which are computed from x, nor ε have a gradient of their own.
    inner.resize(5);
    return inner;
  }

  /// Computes the second derivatives that the header of this file states, in two walks. For each
  /// row, each of them is one linear combination of v, g and x − μ. The coefficients follow from
  /// the formulas with P written out:
  ///
  ///     ∂M/∂g = w·r·v + (p − w·r·X)·x̂ + (q − w·r·V)
  ///     ∂M/∂x = (r·p − k·X)·g − k·B·v + (2·k·B·X − k·T − r·p·B)·x̂ + k·(A·X + B·V) − r·p·A
  static variable_list fused(const variable_list &saved, const variable_list &outer) {
    const at::Tensor &x = saved[0], &weight = saved[1];
    const int64_t channels = x.size(1), rows = x.numel() / channels;
    const at::Tensor g = laid_out_like(x, saved[2]);
    const at::Tensor v = outer[0].defined() ? laid_out_like(x, outer[0]) : at::zeros_like(x);
    const float *in = floats(x), *slopes = floats(g), *outers = floats(v), *w = floats(weight);
    const float *mean = floats(saved[3]), *rest = floats(saved[4]), *inverse = floats(saved[5]);
    const float *sum_gx = floats(saved[6]), *sum_g = floats(saved[7]);
    // First walk: Σ v, Σ v·x̂ and Σ v·g.
    auto [sum_v, sum_vx, sum_vg] =
        column_sums<3>(rows, channels, [&](int64_t i, const RowSums<3> &add) {
          const float *__restrict line = in + i * channels;
          const float *__restrict slope = slopes + i * channels;
          const float *__restrict out = outers + i * channels;
          const float *__restrict m = mean;
          const float *__restrict e = rest;
          const float *__restrict r = inverse;
          float *__restrict a = add[0];
          float *__restrict b = add[1];
          float *__restrict d = add[2];
          for (int64_t c = 0; c < channels; c++) {
            a[c] += out[c];
            b[c] += out[c] * ((line[c] - m[c] - e[c]) * r[c]);
            d[c] += out[c] * slope[c];
          }
        });
    at::Tensor in_x = at::empty_like(x), in_g = at::empty_like(x);
    at::Tensor in_weight = at::empty_like(weight);
    const at::Tensor slope_p = outer[1].defined() ? outer[1].contiguous() : at::Tensor();
    const at::Tensor slope_q = outer[2].defined() ? outer[2].contiguous() : at::Tensor();
    // The coefficients: x_of_g is that of g in ∂M/∂x, and so on. Those of x̂ are times r, since the
    // second walk multiplies them by x − μ.
    PerChannel x_of_g(channels), x_of_v(channels), x_of_x(channels), x_level(channels);
    PerChannel g_of_v(channels), g_of_x(channels), g_level(channels);
    const double n = static_cast<double>(rows);
    for (int64_t c = 0; c < channels; c++) {
      const size_t i = static_cast<size_t>(c);
      const double r = inverse[c], k = w[c] * r * r;
      const double V = sum_v[i] / n, X = sum_vx[i] / n;
      const double A = sum_g[c] / n, B = sum_gx[c] / n;
      const double T = sum_vg[i] / n - A * V - B * X;
      const double p = slope_p.defined() ? floats(slope_p)[c] : 0;
      const double q = slope_q.defined() ? floats(slope_q)[c] : 0;
      mutable_floats(in_weight)[c] = static_cast<float>(n * r * T);
      g_of_v[c] = static_cast<float>(w[c] * r);
      g_of_x[c] = static_cast<float>((p - w[c] * r * X) * r);
      g_level[c] = static_cast<float>(q - w[c] * r * V);
      x_of_g[c] = static_cast<float>(r * p - k * X);
      x_of_v[c] = static_cast<float>(-k * B);
      x_of_x[c] = static_cast<float>((2 * k * B * X - k * T - r * p * B) * r);
      x_level[c] = static_cast<float>(k * (A * X + B * V) - r * p * A);
    }
    // Second walk: ∂M/∂x and ∂M/∂g.
    float *to_x = mutable_floats(in_x), *to_g = mutable_floats(in_g);
    each_row(rows, [&](int64_t i) {
      const float *__restrict line = in + i * channels;
      const float *__restrict slope = slopes + i * channels;
      const float *__restrict out = outers + i * channels;
      const float *__restrict m = mean;
      const float *__restrict e = rest;
      const float *__restrict gv = g_of_v.data();
      const float *__restrict gx = g_of_x.data();
      const float *__restrict gl = g_level.data();
      const float *__restrict xg = x_of_g.data();
      const float *__restrict xv = x_of_v.data();
      const float *__restrict xx = x_of_x.data();
      const float *__restrict xl = x_level.data();
      float *__restrict dx = to_x + i * channels;
      float *__restrict dg = to_g + i * channels;
      for (int64_t c = 0; c < channels; c++) {
        const float centered = line[c] - m[c] - e[c];
        dg[c] = gv[c] * out[c] + gx[c] * centered + gl[c];
        dx[c] = xg[c] * slope[c] + xv[c] * out[c] + xx[c] * centered + xl[c];
      }
    });
    return {in_x, in_weight, in_g};
  }

  /// The same second derivatives, which libtorch derives from `plain_gradients`. They are used if
  /// the second derivatives must themselves be differentiated.
  static variable_list plain(const variable_list &saved, const variable_list &outer,
                             double epsilon) {
    // g may itself be a function of x, and autograd follows that path on its own. Only the direct
    // dependence on x may count here. So x, the weight and g are replaced by views (or by copies
    // without a history). These are variables that do not depend on one another.
    variable_list variables;
    for (const at::Tensor *variable : {&saved[0], &saved[1], &saved[2]}) {
      variables.push_back(variable->requires_grad() ? variable->view_as(*variable)
                                                    : variable->detach().requires_grad_());
    }
    variable_list made = plain_gradients(variables[0], variables[1], variables[2], epsilon);
    variable_list outputs, slopes;
    for (size_t i = 0; i < 3; i++) {
      if (!outer[i].defined()) continue;
      outputs.push_back(made[i]);
      slopes.push_back(outer[i]);
    }
    return torch::autograd::grad(outputs, variables, slopes, /*retain_graph=*/true,
                                 /*create_graph=*/true, /*allow_unused=*/true);
  }
};

}  // namespace

NormalizationGradients normalization_gradients(const at::Tensor &x, const at::Tensor &weight,
                                               const at::Tensor &g, const Normalizer &normalizer,
                                               double epsilon) {
  variable_list made = GradientOfNormalization::apply(x, weight, g, normalizer, epsilon);
  return {made[0], made[1], made[2]};
}

}  // namespace ctorch
