// Multi-head attention softmax(q·kᵀ/√d + bias)·v over packed queries, keys and values.
//
// Without a bias, for float32 on the processor, libtorch's flash attention computes the result. Its
// own first derivative takes twice as long as matrix products for the few hundred tokens of a
// picture, and has no derivative itself. The derivative is therefore computed from its formulas.
// With weights P, and the gradient g of a loss in the result,
//
//     dv = Pᵀ·g,  dP = g·vᵀ,  dS = P ⊙ (dP − rowsum(dP ⊙ P)),  dq = dS·k/√d,  dk = dSᵀ·q/√d.
//
// These operations can be differentiated again. P is computed again from q and k, and is not kept.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "Guard.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// The most numbers of P that a gradient which is not differentiated again computes at once. It
/// bounds the memory.
constexpr int64_t most_weights = 1 << 23;

/// qkv [N, T, 3·H·d] → queries, keys and values [3, N, H, T, d]
at::Tensor unpacked(const at::Tensor &qkv, int64_t heads) {
  return qkv.reshape({qkv.size(0), qkv.size(1), 3, heads, qkv.size(2) / 3 / heads})
      .permute({2, 0, 3, 1, 4});
}

/// x [N, T, H·d] → [N·H, T, d]
at::Tensor by_head(const at::Tensor &x, int64_t heads) {
  int64_t count = x.size(0), tokens = x.size(1), size = x.size(2) / heads;
  return x.reshape({count, tokens, heads, size}).transpose(1, 2).reshape({-1, tokens, size});
}

/// x [N·H, T, d] → [N, T, H·d]
at::Tensor side_by_side(const at::Tensor &x, int64_t heads) {
  int64_t count = x.size(0) / heads, tokens = x.size(1), size = x.size(2);
  return x.view({count, heads, tokens, size})
      .transpose(1, 2)
      .reshape({count, tokens, heads * size});
}

/// Queries divided by √d, keys and values, [N·H, T, d] each.
struct Heads {
  at::Tensor q, k, v;
  double scale;

  Heads(const at::Tensor &qkv, int64_t heads) {
    auto parts = unpacked(qkv, heads).contiguous().flatten(1, 2);
    scale = 1 / std::sqrt(static_cast<double>(parts.size(3)));
    q = parts.select(0, 0) * scale, k = parts.select(0, 1), v = parts.select(0, 2);
  }

  /// P [N·H, T, T]. A bias [B, H, T, T], where B divides N, is repeated N / B times.
  at::Tensor weights(const std::optional<at::Tensor> &bias) const {
    at::Tensor scores = at::bmm(q, k.transpose(1, 2));
    if (bias) {
      auto repeated = scores.unflatten(0, {-1, bias->size(0), bias->size(1)});
      scores = (repeated + *bias).flatten(0, 2);
    }
    return at::softmax(scores, 2);
  }
};

/// The gradient in qkv for the gradient `g` [N, T, H·d] in the result.
at::Tensor gradient_of_attention(const at::Tensor &g, const at::Tensor &qkv, int64_t heads) {
  const Heads in(qkv, heads);
  const at::Tensor p = in.weights({}), outer = by_head(g, heads);
  const at::Tensor dp = at::bmm(outer, in.v.transpose(1, 2));
  const at::Tensor ds = at::_softmax_backward_data(dp, p, 2, p.scalar_type());
  const at::Tensor dq = at::bmm(ds, in.k) * in.scale, dk = at::bmm(ds.transpose(1, 2), in.q);
  const at::Tensor dv = at::bmm(p.transpose(1, 2), outer);
  auto by_token = [&](const at::Tensor &x) {
    return x.view({qkv.size(0), heads, qkv.size(1), -1}).transpose(1, 2);
  };
  return at::stack({by_token(dq), by_token(dk), by_token(dv)}, 2).flatten(2);
}

struct Attention : torch::autograd::Function<Attention> {
  /// qkv [N, T, 3·H·d] → [N, T, H·d]
  static at::Tensor forward(AutogradContext *context, const at::Tensor &qkv, int64_t heads) {
    context->save_for_backward({qkv});
    context->saved_data["heads"] = heads;
    // The numbers of a head must lie side by side in memory, or the flash kernel reads others.
    auto parts = unpacked(qkv.contiguous(), heads);
    auto out = std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
        parts.select(0, 0), parts.select(0, 1), parts.select(0, 2), 0, false));
    return out.transpose(1, 2).flatten(2);
  }

  /// outer[0]: [N, T, H·d], the gradient of a loss in the result.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    const at::Tensor qkv = context->get_saved_variables()[0], &g = outer[0];
    int64_t heads = context->saved_data["heads"].toInt(), tokens = qkv.size(1);
    if (at::GradMode::is_enabled()) return {gradient_of_attention(g, qkv, heads), at::Tensor()};
    int64_t step = std::max<int64_t>(1, most_weights / (heads * tokens * tokens));
    std::vector<at::Tensor> parts;
    for (int64_t start = 0; start < qkv.size(0); start += step) {
      int64_t count = std::min(step, qkv.size(0) - start);
      parts.push_back(gradient_of_attention(g.narrow(0, start, count), qkv.narrow(0, start, count),
                                            heads));
    }
    return {parts.size() == 1 ? parts[0] : at::cat(parts), at::Tensor()};
  }
};

}  // namespace

ct_ref ct_attention(ct_ref qkv, int64_t heads, ct_ref bias) {
  return made([&]() -> at::Tensor {
    const at::Tensor &x = qkv->value;
    if (!bias && x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0)
      return Attention::apply(x, heads);
    const Heads in(x, heads);
    return side_by_side(at::bmm(in.weights(present(bias)), in.v), heads);
  });
}
