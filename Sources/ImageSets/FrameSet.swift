import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// The steps of an attack as a folder of pictures.
///
/// - `<index>/<step>.png`: one picture for each image and step.
/// - `strips/<index>.png`: all steps of one image on one page, with the predicted classes.
/// - `frames.csv`: one row for each picture, with the class that the source model predicts, its
///   probability, and the ℓ∞ and ℓ2 size of the perturbation in the unit of the source's pixels.
public struct FrameSet {
  public let folder: URL
  /// Each pixel becomes a block of `scale` x `scale`.
  public let scale: Int

  public init(_ folder: URL, scale: Int = 1) {
    self.folder = folder
    self.scale = scale
  }

  /// Writes the pictures, and `frames.csv` last.
  /// - Parameters:
  ///   - frames: the images `[N, C, H, W]` after every step, the unchanged images first.
  ///   - labels: the images' labels.
  ///   - source: the model that the examples were made on.
  ///   - done: called after each picture.
  /// - Throws: `Failure.badData` if the frames cannot be drawn, `Failure.cannotWrite` if a file
  ///   cannot be written.
  public func write(
    _ frames: [Tensor], labels: [Int64], source: any Classifier, done: () -> Void = {}
  ) throws {
    try frames.first?.checkCanBeDrawn("the attacked examples")
    var table = CSV(header: "index,label,step,file,predicted,confidence,linf,l2")
    let judged = frames.map { frame in
      withoutGradients { source.logits(frame.to(source.device)) }.to(.cpu)
    }
    for image in labels.indices {
      let place = padded(image, to: labels.count - 1)
      var strip = ContactSheet(title: "image \(image), class \(labels[image])")
      for (step, frame) in frames.enumerated() {
        let bytes = Quantization.bytes(frame.select(0, image), range: source.valueRange)
        let picture = ImageSet.picture(bytes).enlarged(scale)
        let path = "\(place)/\(padded(step, to: frames.count - 1)).png"
        try AtomicFile.write(PNG.encode(picture), to: folder.appending(path: path), synced: false)
        let moved = (frame - frames[0]).narrow(0, image, 1)
        let logits = judged[step].narrow(0, image, 1)
        let predicted = logits.predictedClasses.int64s()[0]
        strip.add(
          picture, ["step \(step)", "> \(predicted)"], isHighlighted: predicted != labels[image])
        let numbers = [
          logits.softmax().max().scalar, moved.absolute.max().scalar,
          (moved * moved).sum().scalar.squareRoot(),
        ]
        table.append(
          [
            "\(image)", "\(labels[image])", "\(step)", path,
            "\(predicted)",
          ]
            + numbers.map { $0.roundedToMillionths.plainDecimal })
        done()
      }
      try AtomicFile.write(
        PNG.encode(strip.drawn()), to: folder.appending(path: "strips/\(place).png"), synced: false)
    }
    try AtomicFile.write(table.text, to: folder.appending(path: "frames.csv"))
  }
}
