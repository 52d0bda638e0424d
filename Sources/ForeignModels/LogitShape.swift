import ModelCore
import Support

/// The shape in which a program from a file gives its logits.
struct LogitShape {
  /// Whether the program gives one number z for each image, the logit of the class 1 of two.
  let isBinary: Bool

  /// The output of a program as logits `[N, K]`. An output `[N, K, 1, 1]` is flattened. Of a binary
  /// classifier, `[N]` or `[N, 1]` becomes the logits 0 and z of two classes, whose probabilities are
  /// 1 − σ(z) and σ(z).
  /// - Parameter images: the shape of the batch.
  /// - Throws: `Failure.badData` if the output is not one row of 2 to 65536 logits for each image.
  func logits(_ whole: Tensor, for images: [Int]) throws -> Tensor {
    let count = images[0]
    // Dimensions of size 1 after the classes are those of one place in a picture.
    let isFlat = whole.rank <= 2 || whole.shape[2...].contains { $0 != 1 }
    let output = isFlat ? whole : whole.reshaped(Array(whole.shape.prefix(2)))
    let isSingle = output.shape == [count] || output.shape == [count, 1]
    if isSingle, isBinary {
      let positive = output.reshaped([count, 1])
      let zeros = Tensor.full(0, shape: [count, 1], device: output.device)
      return Tensor.concatenate([zeros, positive], along: 1)
    }
    if isSingle {
      throw Failure.badData(
        "it gives one number for each image (an output of shape \(output.shape)), expected a logit "
          + "for each class",
        hint:
          "if the number is the logit of the second of two classes, add :binary after the file, "
          + "or binary: true in an experiment")
    }
    guard output.rank == 2, output.shape[0] == count, (2...65_536).contains(output.shape[1]) else {
      throw Failure.badData(
        "it gives an output of shape \(output.shape) for a batch of shape \(images), "
          + "expected [\(count), classes]",
        hint: "export a model that gives one row of logits for each image, of 2 to 65536 classes")
    }
    guard !isBinary else {
      throw Failure.badData(
        "it gives \(output.shape[1]) logits for each image, and `binary` is for models that give one "
          + "number", hint: "leave binary out")
    }
    return output
  }

  /// The notice for an output with further dimensions of size 1; nil for others.
  static func notice(of shape: [Int]) -> String? {
    guard shape.count > 2 else { return nil }
    return "The output of the model has the shape [N, \(shape[1])"
      + String(repeating: ", 1", count: shape.count - 2)
      + "]. It is read as one row of \(shape[1]) logits for each image."
  }

  /// The same for bounds of an output.
  func bounds(_ output: Bounds, for images: [Int]) throws -> Bounds {
    guard isBinary || output.center.rank > 2 else { return output }
    return Bounds(
      around: try logits(output.center, for: images), by: try logits(output.radius, for: images))
  }
}
