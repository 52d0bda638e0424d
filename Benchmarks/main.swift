// Crossfire's benchmarks.
//
//     crossfire-bench                         speed as ratios (Ratios.swift, TrainingSteps.swift)
//     crossfire-bench steps                   the ratios of training steps only
//     crossfire-bench streaming FOLDER        reading the pictures that streaming_pictures.py made
//     crossfire-bench prepare FOLDER          makes the models and images that peers.py compares on
//     crossfire-bench worker IMAGES MODEL...  Crossfire's side of peers.py, one task per line,
//                                             with OMP_NUM_THREADS threads
import Foundation
import ModelCore
import Support

do {
  let words = Array(CommandLine.arguments.dropFirst())
  switch words.first {
  case nil:
    try measureRatios()
    try measureTrainingSteps()
    try measureExplanationSteps()
  case "steps" where words.count == 1:
    Engine.start(threads: 2)
    try measureTrainingSteps()
    try measureExplanationSteps()
  case "streaming" where words.count == 2:
    Engine.start()
    try measureStreaming(URL(filePath: words[1]))
  case "prepare" where words.count == 2: try PeerModels(folder: URL(filePath: words[1])).make()
  case "worker" where words.count >= 3:
    try PeerWorker(images: URL(filePath: words[1]), models: words[2...].map { URL(filePath: $0) })
      .serve()
  default:
    throw Failure.usage(
      "unknown arguments '\(words.joined(separator: " "))'",
      hint: "use none, or: steps, streaming FOLDER, prepare FOLDER, worker IMAGES MODEL...")
  }
} catch let failure as Failure {
  FileHandle.standardError.write(Data("crossfire-bench: \(failure)\n".utf8))
  exit(failure.kind.rawValue)
}
