import GRDB

/// The tables of `answers.sqlite`.
///
/// Rows are only ever added. Triggers refuse to change, remove or replace a row, whichever program
/// opens the file.
enum StudySchema {
  static let format = 1

  /// A table: its name, its keys, and its columns. A key is a list of columns whose values differ
  /// from row to row.
  private typealias Table = (name: String, keys: [[String]], columns: String)

  private static let tables: [Table] = [
    (
      "study", [["format"]],
      "format INTEGER NOT NULL, fingerprint TEXT NOT NULL, crossfire TEXT NOT NULL"
    ),
    // The token is the SHA-256 of the participant's secret. The secret itself is not stored.
    (
      "participant", [["id"], ["token"]],
      """
      id INTEGER PRIMARY KEY, token BLOB NOT NULL CHECK (length(token) = 32),
      origin TEXT NOT NULL CHECK (origin IN ('link', 'open', 'file')), time TEXT NOT NULL
      """
    ),
    (
      "enrolment", [["participant"], ["identity"]],
      """
      participant INTEGER NOT NULL REFERENCES participant, slot INTEGER NOT NULL CHECK (slot >= 1),
      consent_sha256 TEXT NOT NULL, time TEXT NOT NULL, external TEXT NOT NULL, identity TEXT
      """
    ),
    (
      "session", [["participant", "number"]],
      """
      participant INTEGER NOT NULL REFERENCES enrolment(participant),
      number INTEGER NOT NULL CHECK (number >= 1), time TEXT NOT NULL, screen TEXT NOT NULL
      """
    ),
    (
      "answer", [["participant", "position", "question"]],
      """
      participant INTEGER NOT NULL, session INTEGER NOT NULL,
      position INTEGER NOT NULL CHECK (position >= 1), phase TEXT NOT NULL, stimulus TEXT NOT NULL,
      question INTEGER NOT NULL CHECK (question IN (1, 2)), choice TEXT,
      ended_on TEXT NOT NULL, rt_ms REAL, server_ms REAL, time TEXT NOT NULL,
      FOREIGN KEY (participant, session) REFERENCES session(participant, number)
      """
    ),
    (
      "event", [["id"]],
      """
      id INTEGER PRIMARY KEY, participant INTEGER NOT NULL, session INTEGER NOT NULL,
      position INTEGER NOT NULL, kind TEXT NOT NULL, page_ms REAL NOT NULL, time TEXT NOT NULL,
      FOREIGN KEY (participant, session) REFERENCES session(participant, number)
      """
    ),
    (
      "comment", [["participant", "sheet"]],
      """
      participant INTEGER NOT NULL REFERENCES enrolment(participant), sheet TEXT NOT NULL,
      text TEXT NOT NULL, time TEXT NOT NULL
      """
    ),
    (
      "ending", [["participant"]],
      """
      participant INTEGER NOT NULL REFERENCES enrolment(participant), code TEXT NOT NULL,
      time TEXT NOT NULL
      """
    ),
    // A participant may withdraw after they have finished, too.
    (
      "withdrawal", [["participant"]],
      "participant INTEGER NOT NULL REFERENCES enrolment(participant), time TEXT NOT NULL"
    ),
  ]

  /// Tables that databases of earlier versions do not have. They are added when such a database is
  /// opened, and its rows stay as they are.
  private static let laterTables: [Table] = [
    // An answer that was taken back. The number counts the times for this question, from 1.
    (
      "undo", [["participant", "position", "question", "number"]],
      """
      participant INTEGER NOT NULL, session INTEGER NOT NULL, position INTEGER NOT NULL,
      question INTEGER NOT NULL, number INTEGER NOT NULL CHECK (number >= 1), time TEXT NOT NULL,
      FOREIGN KEY (participant, session) REFERENCES session(participant, number)
      """
    ),
    // The answer after the undo with the same number.
    (
      "revision", [["participant", "position", "question", "number"]],
      """
      participant INTEGER NOT NULL, session INTEGER NOT NULL,
      position INTEGER NOT NULL CHECK (position >= 1), phase TEXT NOT NULL, stimulus TEXT NOT NULL,
      question INTEGER NOT NULL CHECK (question IN (1, 2)), choice TEXT,
      ended_on TEXT NOT NULL, rt_ms REAL, server_ms REAL, time TEXT NOT NULL,
      number INTEGER NOT NULL CHECK (number >= 1),
      FOREIGN KEY (participant, session) REFERENCES session(participant, number)
      """
    ),
    (
      "pilot", [["participant"]],
      "participant INTEGER NOT NULL REFERENCES enrolment(participant)"
    ),
    (
      "calibration", [["participant", "session"]],
      """
      participant INTEGER NOT NULL, session INTEGER NOT NULL, pixels_per_mm REAL,
      distance_mm REAL, time TEXT NOT NULL,
      FOREIGN KEY (participant, session) REFERENCES session(participant, number)
      """
    ),
    (
      "demographic", [["participant", "question"]],
      """
      participant INTEGER NOT NULL REFERENCES enrolment(participant), question TEXT NOT NULL,
      choice TEXT NOT NULL, time TEXT NOT NULL
      """
    ),
  ]

  static func create(_ database: Database) throws {
    for table in tables { try create(table, database) }
    try database.execute(sql: "CREATE INDEX event_of_participant ON event(participant)")
  }

  /// Adds the tables that a database of an earlier version does not have.
  static func complete(_ database: Database) throws {
    for table in laterTables where try !database.tableExists(table.name) {
      try create(table, database)
    }
    guard try !database.viewExists("given") else { return }
    // Every answer, those that were taken back too. `number` counts the undos of the question before
    // the answer, and `undone` is when it was taken back.
    try database.execute(
      sql: """
        CREATE VIEW given AS
        SELECT a.*, (
          SELECT time FROM undo u WHERE u.participant = a.participant
            AND u.position = a.position AND u.question = a.question AND u.number = a.number + 1
        ) AS undone
        FROM (SELECT *, 0 AS number FROM answer UNION ALL SELECT * FROM revision) a
        """)
  }

  private static func create(_ table: Table, _ database: Database) throws {
    let unique = table.keys.filter { $0 != ["id"] }.map {
      ", UNIQUE (\($0.joined(separator: ", ")))"
    }.joined()
    try database.execute(sql: "CREATE TABLE \(table.name) (\(table.columns)\(unique)) STRICT")
    let same = table.keys.map { key in
      "(" + key.map { "\($0) = NEW.\($0)" }.joined(separator: " AND ") + ")"
    }
    for change in ["UPDATE", "DELETE"] {
      try database.execute(
        sql: """
          CREATE TRIGGER \(table.name)_no_\(change.lowercased()) BEFORE \(change) ON \(table.name)
          BEGIN SELECT RAISE(ABORT, 'rows of \(table.name) are only ever added'); END
          """)
    }
    // INSERT OR REPLACE removes the old row without firing the triggers above.
    try database.execute(
      sql: """
        CREATE TRIGGER \(table.name)_once BEFORE INSERT ON \(table.name)
        WHEN EXISTS (SELECT 1 FROM \(table.name) WHERE \(same.joined(separator: " OR ")))
        BEGIN SELECT RAISE(ABORT, '\(table.name) already has a row with this key'); END
        """)
  }
}
