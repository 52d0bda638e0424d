// Batch normalisation in training: by the statistics of the batch itself, with its first and its
// second derivatives.
//
// All files about batch normalisation use the following notation. The input x has shape
// [N, C, H, W] or [N, C]. A row is one pixel of one image (or one vector): C numbers, one for each
// channel. There are n = N·H·W rows (or n = N), and ⟨·⟩ is the mean of one channel over all rows.
// Each formula holds for each channel separately.
//
//     μ  = ⟨x⟩                      the mean
//     σ² = ⟨(x − μ)²⟩               the biased variance
//     r  = 1 / √(σ² + ε)            the inverse of the deviation
//     x̂  = (x − μ)·r                the standardised input
//     y  = w·x̂ + bias               the output, with a weight and a bias for each channel
//     g  = ∂L/∂y                    the gradient of a loss L in the output
#pragma once
#include <ATen/core/Tensor.h>

#include <tuple>

namespace ctorch {

/// The statistics of a batch as the derivatives need them, [C] each:
/// x̂ = (x − mean − rest)·inverse.
struct Normalizer {
  /// The mean μ as the sum of two float32 numbers: `mean` is μ rounded to float32, and `rest` is
  /// what the rounding took away. Where a channel's values are far from zero and close together,
  /// a mean of one float32 would be wrong by a good part of their deviation.
  at::Tensor mean, rest;
  /// r = 1 / √(σ² + ε)
  at::Tensor inverse;
};

/// The gradients of a loss in the input, the weight and the bias of a batch normalisation.
using NormalizationGradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

/// Returns ∂L/∂x, ∂L/∂w and ∂L/∂bias, given the gradient g = ∂L/∂y in the output:
///
///     ∂L/∂x = w·r·(g − ⟨g⟩ − x̂·⟨g·x̂⟩),  ∂L/∂w = n·⟨g·x̂⟩,  ∂L/∂bias = n·⟨g⟩.
///
/// The statistics μ and r are functions of x here, and not constants. Where libtorch records
/// gradients, the results can be differentiated again, as often as one likes.
///
/// - x, g: float32 [N, C, H, W] with channels last in memory, or [N, C]; g may also have another
///   order in memory. weight: [C].
NormalizationGradients normalization_gradients(const at::Tensor &x, const at::Tensor &weight,
                                               const at::Tensor &g, const Normalizer &normalizer,
                                               double epsilon);

}  // namespace ctorch
