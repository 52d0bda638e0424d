import Attacks
import CPNG
import Clibjpeg
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// Measures how fast an evaluation reads a folder of pictures, and compares that speed with the
/// speed of libjpeg and libpng alone.
func measureStreaming(_ folder: URL) throws {
  let reference = try DataReference(folder.path)
  let library = try LibraryAlone(folder)
  line(
    "libjpeg or libpng alone, on one core",
    decimals(library.picturesPerSecond(threads: 1), 0) + " pictures per processor second")

  var images: LabelledImages?
  let opening = try Stopwatch.seconds { images = try reference.load(defaultSplit: .test) }
  guard let images else { return }
  let count = Double(images.count)
  line(
    "opening: reading, decoding and hashing all", decimals(count / opening, 0) + " pictures/s",
    "\(images.count) of \(images.shape), \(decimals(opening, 1)) s, "
      + "peak memory \(decimals(peakMegabytes(), 0)) MB"
  )

  let some = images.prefix(8192)
  /// Measures `body` and the library alone by turns, because the speed of a processor changes over
  /// time.
  func report(_ what: String, _ body: (LabelledImages, Range<Int>) -> Void) {
    var (passed, spent, alone) = (0.0, 0.0, [Double]())
    for range in Evaluator(batchSize: 1024).batches(some.count) {
      // Cores that share computing units are slower if all of them work. So both sides keep all
      // cores busy.
      alone.append(library.picturesPerSecond(threads: ProcessInfo.processInfo.activeProcessorCount))
      let part = some.subset(range)
      let before = processorSeconds()
      passed += Stopwatch.seconds {
        for batch in Evaluator(batchSize: 64).batches(part.count) { body(part, batch) }
      }
      spent += processorSeconds() - before
    }
    let perSecond = Double(some.count) / spent
    let theirs = Double(alone.count) / alone.map { 1 / $0 }.reduce(0, +)
    line(
      what, decimals(perSecond, 0) + " pictures per processor second",
      "\(decimals(100 * perSecond / theirs, 0)) % of the library's \(decimals(theirs, 0)) "
        + "on all cores, \(decimals(spent / passed, 1)) cores busy")
  }
  report("from files to batches of 64, uint8") { _ = $0.subset($1).pixels }
  report("the same as float32 fractions, decoded ahead") { _ = $0.batch($1).images }

  let network = try streamedNetwork(images)
  let batch = images.batch(0..<64).images
  let rounds = 40
  let computing = Stopwatch.seconds { for _ in 0..<rounds { _ = network.predictions(batch) } }
  line("the network alone", decimals(Double(64 * rounds) / computing, 0) + " pictures/s")
  let evaluating = Stopwatch.seconds {
    _ = Evaluator(batchSize: 64).predictions(of: network, on: images)
  }
  line(
    "evaluation of all, decoding ahead", decimals(count / evaluating, 0) + " pictures/s",
    "\(decimals(evaluating, 1)) s, peak memory \(decimals(peakMegabytes(), 0)) MB")

  let plan = AttackPlan(
    name: FastGradientSign.name, attack: FastGradientSign(), goal: .untargeted, epsilons: [0.01])
  let contestant = Contestant(name: "network", classifier: network, fingerprint: "network")
  let runner = try TransferRunner(
    plan: plan, source: contestant, victims: [contestant], data: images, seed: Seed(1),
    evaluator: Evaluator(batchSize: 64))
  let attacking = try Stopwatch.seconds { _ = try runner.run(keep: 0) { _ in } }
  line(
    "an attack of one step on all", decimals(count / attacking, 0) + " pictures/s",
    "\(decimals(attacking, 1)) s, peak memory \(decimals(peakMegabytes(), 0)) MB")
}

/// A network that takes about as long per picture as the decoder.
private func streamedNetwork(_ images: LabelledImages) throws -> any Classifier {
  let layers = [
    "conv 16 kernel 7 stride 4 padding 3", "relu", "conv 32 kernel 3 stride 2", "relu",
    "globalavgpool", "flatten",
    "linear \(images.classCount)",
  ]
  let description = try NetworkDescription(
    input: images.shape, layers: LayerList(layers), classNames: images.classNames)
  return try Network(description, initialization: .kaimingUniform, seed: Seed(1), device: .cpu)
    .frozen()
}

/// libjpeg or libpng decoding files in memory, and nothing else.
private struct LibraryAlone {
  private let files: [(isJPEG: Bool, data: Data)]

  /// Takes the first 300 files of a folder.
  init(_ folder: URL) throws {
    let some = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.lazy
      .compactMap { $0 as? URL }.filter { ["jpg", "png"].contains($0.pathExtension) }.prefix(300)
    files = try (some.map(Array.init) ?? []).map {
      (isJPEG: $0.pathExtension == "jpg", data: try Data(contentsOf: $0))
    }
    guard !files.isEmpty else {
      throw Failure.missing("found no .jpg or .png files in \(folder.path)")
    }
  }

  /// How many pictures are decoded per second of processor time, over all threads.
  func picturesPerSecond(threads: Int) -> Double {
    let rounds = 2
    let before = processorSeconds()
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      var pixels = [UInt8](repeating: 0, count: 224 * 224 * 3)
      for _ in 0..<rounds { for file in files { decode(file.data, file.isJPEG, &pixels) } }
    }
    return Double(threads * rounds * files.count) / (processorSeconds() - before)
  }
}

/// The processor time of this process so far, in seconds, over all threads.
private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

/// Decodes a file as the example programs of libjpeg and libpng do, and processes its pixels no
/// further.
private func decode(_ data: Data, _ isJPEG: Bool, _ pixels: inout [UInt8]) {
  pixels.withUnsafeMutableBufferPointer { out in
    data.withUnsafeBytes { bytes in
      if isJPEG {
        var codec = jpeg_decompress_struct()
        var errors = jpeg_error_mgr()
        codec.err = jpeg_std_error(&errors)
        jpeg_CreateDecompress(&codec, JPEG_LIB_VERSION, MemoryLayout<jpeg_decompress_struct>.size)
        jpeg_mem_src(&codec, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count))
        jpeg_read_header(&codec, 1)
        jpeg_start_decompress(&codec)
        while codec.output_scanline < codec.output_height {
          var row: JSAMPROW? =
            out.baseAddress! + Int(codec.output_scanline * codec.output_width) * 3
          jpeg_read_scanlines(&codec, &row, 1)
        }
        jpeg_finish_decompress(&codec)
        jpeg_destroy_decompress(&codec)
      } else {
        var image = png_image()
        image.version = UInt32(PNG_IMAGE_VERSION)
        precondition(png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0)
        image.format = PNG_FORMAT_FLAG_COLOR
        precondition(png_image_finish_read(&image, nil, out.baseAddress, 0, nil) != 0)
      }
    }
  }
}
