import CJPEG
import CPNG
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// Reads a folder of pictures as an evaluation does, and compares with what the two libraries alone can do.
func measureStreaming(_ folder: URL) throws {
  let reference = try DataReference(folder.path)
  // Time of the processor, over all cores: what others do on the machine does not count.
  let alone = try decodingAlone(folder)
  line("the library alone", decimals(alone, 0) + " pictures per second of processor")

  var images: LabelledImages?
  let opening = try Stopwatch.seconds { images = try reference.load(defaultSplit: .test) }
  guard let images else { return }
  let count = Double(images.count)
  line(
    "opening: reading, decoding and hashing all", decimals(count / opening, 0) + " pictures/s",
    "\(images.count) of \(images.shape), \(decimals(opening, 1)) s, peak memory \(decimals(peakMegabytes(), 0)) MB")

  let some = images.prefix(8192)
  let batches = Evaluator(batchSize: 64).batches(some.count)
  let before = processorSeconds()
  let decoding = Stopwatch.seconds { for range in batches { _ = some.images(range) } }
  let spent = processorSeconds() - before
  let perSecond = Double(some.count) / spent
  line(
    "batches of 64 and nothing else", decimals(perSecond, 0) + " pictures per second of processor",
    "\(decimals(100 * perSecond / alone, 0)) % of the library's speed, \(decimals(spent / decoding, 1)) cores at work")

  let network = try streamedNetwork(images)
  let batch = images.images(0..<64)
  let rounds = 40
  let computing = Stopwatch.seconds { for _ in 0..<rounds { _ = network.predictions(batch) } }
  line("the network alone", decimals(Double(64 * rounds) / computing, 0) + " pictures/s")
  let evaluating = Stopwatch.seconds { _ = Evaluator(batchSize: 64).predictions(of: network, on: images) }
  line(
    "evaluation of all, decoding ahead", decimals(count / evaluating, 0) + " pictures/s",
    "\(decimals(evaluating, 1)) s, peak memory \(decimals(peakMegabytes(), 0)) MB")
}

/// A network that is about as fast as the decoder.
private func streamedNetwork(_ images: LabelledImages) throws -> any Classifier {
  let layers = [
    "conv 16 kernel 7 stride 4 padding 3", "relu", "conv 32 kernel 3 stride 2", "relu", "globalavgpool", "flatten",
    "linear \(images.classCount)",
  ]
  let description = try NetworkDescription(
    input: images.shape, layers: LayerList(layers), classNames: images.classNames)
  return try Network(description, initialization: .kaimingUniform, seed: Seed(1), device: .cpu).frozen()
}

/// Pictures per second of processor that libjpeg or libpng decodes from memory, nothing else done.
private func decodingAlone(_ folder: URL) throws -> Double {
  let some = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.lazy
    .compactMap { $0 as? URL }.filter { ["jpg", "png"].contains($0.pathExtension) }.prefix(300)
  let files = try (some.map(Array.init) ?? []).map {
    (isJPEG: $0.pathExtension == "jpg", data: try Data(contentsOf: $0))
  }
  guard !files.isEmpty else { throw Failure.missing("there are no .jpg or .png files in \(folder.path)") }
  var pixels = [UInt8](repeating: 0, count: 224 * 224 * 3)
  for file in files { decode(file.data, file.isJPEG, &pixels) }
  let before = processorSeconds()
  for _ in 0..<5 { for file in files { decode(file.data, file.isJPEG, &pixels) } }
  return Double(5 * files.count) / (processorSeconds() - before)
}

/// What this process has computed so far, in all its threads.
private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

private func decode(_ data: Data, _ isJPEG: Bool, _ pixels: inout [UInt8]) {
  data.withUnsafeBytes { bytes in
    if isJPEG {
      var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_SIZE))
      let base = bytes.bindMemory(to: UInt8.self).baseAddress!
      precondition(cjpeg_decode(base, bytes.count, &pixels, 224, 224, 3, 100, &message) == 0)
    } else {
      var image = png_image()
      image.version = UInt32(PNG_IMAGE_VERSION)
      precondition(png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0)
      image.format = PNG_FORMAT_FLAG_COLOR
      precondition(png_image_finish_read(&image, nil, &pixels, 0, nil) != 0)
    }
  }
}
