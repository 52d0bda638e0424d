// Multi-head attention softmax(q·kᵀ/√d + bias)·v over packed queries, keys and values.
//
// Without a bias, for float32 on the processor, libtorch's flash attention computes the result and
// its first derivative. Neither keeps the T x T weights of the tokens in memory. libtorch has no
// derivative of that derivative. Where a gradient is to be differentiated again, it is computed
// from the formulas of the first derivative in differentiable operations. With weights P, and the
// gradient g of a loss in the result,
//
//     dv = Pᵀ·g,  dP = g·vᵀ,  dS = P ⊙ (dP − rowsum(dP ⊙ P)),  dq = dS·k/√d,  dk = dSᵀ·q/√d.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "Guard.h"

using namespace ctorch;
using torch::autograd::AutogradContext, torch::autograd::variable_list;

namespace {

/// Queries, keys and values, [N, H, T, d] each.
struct Heads {
  at::Tensor q, k, v;

  /// qkv [N, T, 3·H·d]
  Heads(const at::Tensor &qkv, int64_t heads) {
    auto split = qkv.reshape({qkv.size(0), qkv.size(1), 3, heads, qkv.size(2) / 3 / heads});
    auto parts = split.permute({2, 0, 3, 1, 4});
    q = parts.select(0, 0), k = parts.select(0, 1), v = parts.select(0, 2);
  }

  double scale() const { return 1 / std::sqrt(static_cast<double>(q.size(3))); }

  /// The weights P [N, H, T, T]. bias [B, H, T, T], where B divides N, is repeated N / B times.
  at::Tensor weights(const std::optional<at::Tensor> &bias) const {
    at::Tensor scores = at::matmul(q * scale(), k.transpose(2, 3));
    if (bias) {
      int64_t repeated = bias->size(0), heads = q.size(1), tokens = q.size(2);
      scores = (scores.view({-1, repeated, heads, tokens, tokens}) + *bias).view(scores.sizes());
    }
    return at::softmax(scores, 3);
  }
};

/// [N, H, T, d] → [N, T, H·d]
at::Tensor side_by_side(const at::Tensor &x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), -1});
}

/// Gradients of queries, keys and values, packed as they are: [N, T, 3·H·d].
at::Tensor packed(const at::Tensor &dq, const at::Tensor &dk, const at::Tensor &dv) {
  return at::cat({side_by_side(dq), side_by_side(dk), side_by_side(dv)}, 2);
}

/// The numbers of each head must lie side by side in memory, or the flash kernels read others.
struct FlashAttention : torch::autograd::Function<FlashAttention> {
  /// qkv [N, T, 3·H·d] → [N, T, H·d]
  static at::Tensor forward(AutogradContext *context, const at::Tensor &input, int64_t heads) {
    const at::Tensor qkv = input.contiguous();
    const Heads in(qkv, heads);
    auto [out, logsumexp] =
        at::_scaled_dot_product_flash_attention_for_cpu(in.q, in.k, in.v, 0, false);
    context->save_for_backward({input, out, logsumexp});
    context->saved_data["heads"] = heads;
    return side_by_side(out);
  }

  /// outer[0]: g [N, T, H·d], the gradient of a loss in the result.
  static variable_list backward(AutogradContext *context, variable_list outer) {
    auto saved = context->get_saved_variables();
    const Heads in(saved[0].contiguous(), context->saved_data["heads"].toInt());
    const at::Tensor g = outer[0]
                             .contiguous()
                             .view({in.q.size(0), in.q.size(2), in.q.size(1), -1})
                             .transpose(1, 2);
    if (!at::GradMode::is_enabled()) {
      auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
          g, in.q, in.k, in.v, saved[1], saved[2], 0, false);
      return {packed(dq, dk, dv), at::Tensor()};
    }
    const at::Tensor p = in.weights({}), dp = at::matmul(g, in.v.transpose(2, 3));
    const at::Tensor ds = p * (dp - (dp * p).sum(3, true)) * in.scale();
    return {packed(at::matmul(ds, in.k), at::matmul(ds.transpose(2, 3), in.q),
                   at::matmul(p.transpose(2, 3), g)),
            at::Tensor()};
  }
};

}  // namespace

ct_ref ct_attention(ct_ref qkv, int64_t heads, ct_ref bias) {
  return made([&]() -> at::Tensor {
    const at::Tensor &x = qkv->value;
    if (!bias && x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0)
      return FlashAttention::apply(x, heads);
    const Heads in(x, heads);
    return side_by_side(at::matmul(in.weights(present(bias)), in.v));
  });
}
