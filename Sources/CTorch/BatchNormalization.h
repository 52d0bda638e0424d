// Batch normalisation by the batch's own statistics, its gradients, and theirs.
#pragma once
#include <ATen/core/Tensor.h>

#include <tuple>

namespace ctorch {

/// What a batch's normalisation needs of its statistics, [C] each: x̂ = (x − mean − rest) ·
/// inverse.
struct Normalizer {
  /// The mean, rounded to single precision, and what the rounding left: pixels far from zero lose
  /// nothing when it is subtracted.
  at::Tensor mean, rest;
  /// 1 / √(variance + ε)
  at::Tensor inverse;
};

/// Gradients of a loss in input, weight and bias of a batch normalisation.
using NormalizationGradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

/// The gradients for the loss's gradient `g` in the output; they can be differentiated again if
/// gradients are recorded.
///
/// With x̂ = (x − mean) / deviation over n rows: dw = Σ g·x̂, db = Σ g, dx = w / deviation · (g −
/// db / n − x̂·dw / n).
///
/// - x, g: [N, C, H, W] with channels side by side, or [N, C]; weight: [C]
NormalizationGradients normalization_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &g,
                                               const Normalizer &normalizer, double epsilon);

}  // namespace ctorch
