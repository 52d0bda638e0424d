import ModelCore
import Support

/// The operators that a graph of torch.export may use.
///
/// libtorch has some two thousand operators, some of which read files, change the settings of the
/// process, or trust their arguments. This list contains those that compute tensors from tensors and
/// check what they are given. Their definitions are PyTorch's `torch.ops.aten`.
enum ExportOperators {
  /// The names of the operators without their overloads. A name that ends in "_" writes into its
  /// first argument.
  static let allowed: Set<String> = Set(
    """
    conv1d conv2d conv3d convolution conv_transpose1d conv_transpose2d conv_transpose3d linear addmm
    mm bmm matmul baddbmm addbmm mv addmv dot outer einsum tensordot bilinear inner
    scaled_dot_product_attention

    batch_norm instance_norm group_norm layer_norm native_layer_norm native_group_norm rms_norm
    local_response_norm linalg_vector_norm norm frobenius_norm
    _native_batch_norm_legit_no_training

    max_pool1d max_pool2d max_pool3d max_pool2d_with_indices avg_pool1d avg_pool2d avg_pool3d
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
    adaptive_max_pool2d adaptive_max_pool3d _adaptive_avg_pool2d mean var std var_mean std_mean sum
    prod amax amin max min argmax argmin any all logsumexp cumsum cumprod topk sort argsort

    relu relu_ relu6 relu6_ leaky_relu leaky_relu_ prelu _prelu_kernel elu elu_ selu selu_ celu celu_
    gelu gelu_ silu silu_ mish mish_ hardswish hardswish_ hardsigmoid hardsigmoid_ hardtanh hardtanh_
    sigmoid sigmoid_ tanh tanh_ softplus softsign log_sigmoid logsigmoid threshold threshold_
    hardshrink softshrink glu softmax _softmax log_softmax _log_softmax softmin

    add add_ sub sub_ rsub mul mul_ div div_ true_divide floor_divide remainder fmod pow pow_ square
    square_ sqrt sqrt_ rsqrt rsqrt_ reciprocal reciprocal_ exp exp_ exp2 expm1 log log_ log2 log10
    log1p sin cos tan asin acos atan atan2 sinh cosh asinh acosh atanh erf erf_ erfc abs abs_ neg
    neg_ sign sgn floor floor_ ceil ceil_ round round_ trunc frac clamp clamp_ clamp_min clamp_min_
    clamp_max clamp_max_ clip maximum minimum fmax fmin lerp addcmul addcdiv where masked_fill
    masked_fill_ nan_to_num isnan isinf isfinite eq ne lt le gt ge logical_and logical_or
    logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not
    __and__ __or__ __xor__ __lshift__ __rshift__ bitwise_left_shift bitwise_right_shift

    view reshape _unsafe_view view_as reshape_as flatten unflatten squeeze unsqueeze permute
    transpose t numpy_T swapaxes movedim moveaxis expand expand_as repeat repeat_interleave tile
    cat concat concatenate stack hstack vstack split split_with_sizes chunk unbind select slice
    narrow index_select gather take_along_dim index index_put index_put_ scatter scatter_add
    slice_scatter select_scatter flip roll rot90 pad constant_pad_nd reflection_pad1d
    reflection_pad2d replication_pad1d replication_pad2d pixel_shuffle pixel_unshuffle channel_shuffle
    unfold im2col col2im diagonal tril triu broadcast_to meshgrid ravel atleast_1d atleast_2d
    native_channel_shuffle cartesian_prod column_stack embedding one_hot

    upsample_nearest1d upsample_nearest2d upsample_linear1d upsample_bilinear2d upsample_bicubic2d
    _upsample_nearest_exact2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa upsample_nearest3d
    upsample_trilinear3d grid_sampler grid_sampler_2d affine_grid_generator

    arange linspace full full_like zeros zeros_like ones ones_like new_zeros
    new_ones new_full scalar_tensor eye fill fill_ zero_ copy_ copy lift_fresh_copy
    lift_fresh detach detach_ alias clone contiguous to _to_copy type_as float double int long bool
    numel size dropout dropout_ feature_dropout alpha_dropout native_dropout sym_size sym_numel
    sym_stride sym_storage_offset item _local_scalar_dense real positive
    """.split(whereSeparator: \.isWhitespace).map(String.init))

  /// The operators among the allowed ones that may return an argument itself, although libtorch does
  /// not say so.
  static let passing: Set<String> = [
    "dropout", "feature_dropout", "alpha_dropout", "type_as", "pad", "expand_as", "float", "double",
    "int", "long", "bool", "einsum", "positive", "real", "atleast_1d", "atleast_2d", "ravel",
    "meshgrid",
  ]

  /// The operators that copy a tensor whose numbers do not lie in row-major order, and share the
  /// memory of one whose numbers do.
  static let reshaping: Set<String> = [
    "view", "reshape", "_unsafe_view", "view_as", "reshape_as", "flatten", "unflatten",
    "contiguous",
    "ravel", "to", "clone",
  ]

  private static let prefix = "torch.ops.aten."

  /// Whether a node only checks what the trial of the program checks as well.
  static func isAssertion(_ target: String) -> Bool {
    ["_assert_", "sym_constrain_", "_check"].contains { target.hasPrefix(prefix + $0) }
  }

  /// The name of an operator of libtorch without its overload; nil for anything else.
  static func word(of target: String) -> Substring? {
    // A view of the bytes as numbers of another type would show how numbers are stored.
    guard target.hasPrefix(prefix), target != prefix + "view.dtype" else { return nil }
    return target.dropFirst(prefix.count).prefix { $0 != "." }
  }

  /// - Throws: `Failure.badData` with the names of all operators that are not supported.
  static func check(_ nodes: [ExportDocument.Node]) throws {
    let unknown = Set(
      nodes.map(\.target).filter { target in
        !isAssertion(target) && ExportArithmetic(target: target) == nil
          && !(word(of: target).map { allowed.contains(String($0)) } ?? false)
      })
    guard !unknown.isEmpty else { return }
    let names = unknown.sorted().prefix(20).map { String($0.prefix(80)) }.joined(separator: ", ")
    let random = unknown.contains { name in
      ["rand", "bernoulli", "normal", "multinomial"].contains { name.contains($0) }
    }
    throw Failure.badData(
      "operators that are not supported: \(names)",
      hint: random
        ? "an evaluation must be reproducible, so a model may not draw random numbers: export it "
          + "after model.eval(), or without its random layers" : otherWay)
  }

  /// The operator of a node and the names of its arguments; no names for an operation on sizes,
  /// whose arguments are in order.
  static func callee(_ target: String) throws -> (ExportStep.Callee, [String]?) {
    if let operation = ExportArithmetic(target: target) { return (.arithmetic(operation), nil) }
    guard let word = word(of: target) else { throw Failure.badData("\(target) is no operator") }
    let overload = target.dropFirst(prefix.count + word.count + 1)
    let other = overload == "default" ? replacements[String(word)] : nil
    let call = try Operator(
      "aten::\(other?.name ?? String(word))", overload == "default" ? "" : String(overload))
    return (.tensorOperator(call), other?.arguments ?? call.arguments)
  }

  /// Operators that are replaced by one with the same result, and the names of its arguments where
  /// they differ.
  ///
  /// Where channels lie last in memory, a view in another shape may be impossible and a copy is
  /// needed, which `reshape` makes. The attention of a processor's fast path has no second
  /// derivative, and the plain products have.
  private static let replacements: [String: (name: String, arguments: [String]?)] = [
    "view": ("reshape", ["self", "size"]),
    "_unsafe_view": ("reshape", ["self", "size"]),
    "scaled_dot_product_attention": ("_scaled_dot_product_attention_math", nil),
  ]

  static let attention = "aten::_scaled_dot_product_attention_math"

  /// The arguments of attention, with 0 and −∞ to be added in place of a mask of truth values: the
  /// logarithms of 1 and 0. The products behind the attention only add masks.
  static func withAddedMask(_ arguments: [Operator.Value]) throws -> [Operator.Value] {
    guard arguments.count > 3, case .tensor(let mask) = arguments[3], mask.type == .bool else {
      return arguments
    }
    var changed = arguments
    changed[3] = .tensor(mask.to(.float32).logarithm)
    return changed
  }

  /// - Throws: `Failure.badData` if an argument says that the model was exported in training mode,
  ///   in which batch normalisation and dropout depend on the batch and on random numbers.
  static func check(_ argument: String, _ operand: ExportStep.Operand, of label: String) throws {
    let states = ["train", "training", "dropout_p"]
    guard states.contains(argument) else { return }
    switch operand {
    case .constant(.bool(false)), .constant(.double(0)), .constant(.int(0)), .constant(.none),
      .constant(.missing):
      return
    default: throw training("\(label) is in training mode ('\(argument)' is on)")
    }
  }

  static func training(_ reason: String) -> Failure {
    .badData(reason, hint: "call model.eval() before torch.export.export(model, (images,))")
  }

  static let otherWay =
    "save the model as TorchScript, which may use any operator: "
    + "torch.jit.trace(model.eval(), images).save('model.pt')"
}
