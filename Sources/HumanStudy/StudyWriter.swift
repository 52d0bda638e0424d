import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

/// Writes a sampled study into its folder. `study.json` is written last, so that a folder with this
/// file is complete.
struct StudyWriter {
  let design: StudyDesign
  let folder: StudyFolder
  let classNames: [String]
  /// The side of the block of pixels that each pixel becomes.
  let scale: Int
  let texts: StudyTexts

  /// Creates the folder and removes the pictures and the description of an earlier sample.
  func begin() throws {
    try createFolder(folder.url)
    for old in [folder.study, folder.images, folder.sheets, folder.predictions] {
      try? FileManager.default.removeItem(at: old)
    }
  }

  /// Writes a picture, enlarged, under its name.
  /// - Returns: its row of the key, with the SHA-256 of the file.
  func write(_ stimulus: Stimulus, _ picture: Picture) throws -> Stimulus {
    let data = try PNG.encode(picture.enlarged(scale))
    try AtomicFile.write(data, to: folder.image(stimulus.name), synced: false)
    var stimulus = stimulus
    stimulus.sha256 = Digest.hex(of: data)
    return stimulus
  }

  /// Writes the sheets and all files but the pictures.
  func finish(key: [Stimulus], trials: [Trial], pools: [CandidatePool], originals: [Original])
    throws
  {
    let sheets = try design.sheets && classNames.count <= 20 ? writeSheets(pools, originals) : []
    try folder.write(key)
    try folder.write(trials)
    try AtomicFile.write(design.resolved(), to: folder.design)
    let shape = originals[0].picture.shape
    let practice = key.filter { $0.kind == .practice }.map { ($0.name, $0.label) }
    var study = Study(
      title: design.title ?? texts["title"], classNames: classNames,
      consent: design.consent ?? texts["consent"],
      instructions: texts.instructions(design, classes: classNames),
      questions: texts.questions(design), noneText: texts["none"],
      secondsPerAnswer: design.seconds, participants: design.participants,
      slots: design.participants + design.spares, width: shape.width * scale,
      height: shape.height * scale, stimuli: key.map(\.name),
      practiceLabels: Dictionary(uniqueKeysWithValues: practice), sheets: sheets)
    study.language = texts["language"]
    study.texts = texts.page
    study.pause = design.pause
    study.fullscreen = design.fullscreen
    study.calibration = design.calibration
    study.demographics = design.demographics.map(texts.demographic)
    study.exclusion = ExclusionRules(design)
    try folder.write(study)
  }

  /// Writes one sheet for each condition, in random order. Rows are labels, columns are targets,
  /// and the diagonal shows unchanged images.
  private func writeSheets(
    _ pools: [CandidatePool], _ originals: [Original]
  ) throws -> [Study.Sheet] {
    let shape = originals[0].picture.shape
    let side = max(1, 64 / max(shape.height, shape.width))
    let (height, width) = (shape.height * side + 2, shape.width * side + 2)
    var rows = CSV(header: StudyFolder.sheetColumns.joined(separator: ","))
    var sheets: [Study.Sheet] = []
    for (number, pool) in design.seed.derive("study sheets").shuffled(pools).enumerated() {
      var canvas = Canvas(
        width: width * classNames.count + 2, height: height * classNames.count + 2,
        color: [128, 128, 128])
      for label in classNames.indices {
        for target in classNames.indices {
          let picture =
            label == target
            ? originals.first { $0.label == label }?.picture
            : pool.candidates[label].first { $0.target == target }?.picture
          guard let picture else { continue }
          canvas.put(picture.enlarged(side), x: target * width + 2, y: label * height + 2)
        }
      }
      let name = "sheet-\(number + 1)"
      let data = try PNG.encode(canvas.picture)
      try AtomicFile.write(data, to: folder.sheet(name), synced: false)
      rows.append(
        [
          name, Digest.hex(of: data), pool.condition.source, pool.condition.attack,
          pool.condition.epsilon.plainDecimal,
        ])
      sheets.append(
        Study.Sheet(
          name: name, caption: texts["sheet.caption"], width: canvas.width, height: canvas.height))
    }
    try AtomicFile.write(rows.text, to: folder.sheetKey)
    return sheets
  }
}
