import ModelCore

/// The codes by which torch.export writes types of numbers, orders in memory and layouts, as in
/// PyTorch's torch/_export/serde/schema.py, and the codes that libtorch's operators take for them.
enum ExportTypes {
  /// How the numbers of a weight are stored.
  static let stored: [Int: StoredType] = [
    1: .element(.uint8), 4: .element(.int32), 5: .element(.int64), 6: .float16,
    7: .element(.float32), 8: .element(.float64), 12: .element(.bool), 13: .bfloat16,
  ]

  /// The type of numbers for an operator. Half precision becomes float32 (6), as all weights in half
  /// precision do.
  static let operand = [
    1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 6, 7: 6, 8: 7, 12: 11, 13: 6,
  ]

  /// The order in memory: row-major (0), that of the input (1), channels last (2 and 3).
  static let memoryFormat = [1: 0, 2: 2, 3: 3, 4: 1]

  /// The layout of tensors with strides, which is the only one that is supported.
  static let strided = 7

  /// The type of the images as a program takes them.
  static let input: [Int: Tensor.ElementType] = [
    6: .float32, 7: .float32, 8: .float64, 13: .float32,
  ]
}
