import Foundation
import TestSupport
import Testing

/// A web server on the loopback interface for the tests of downloads. It serves one file, correctly
/// or with faults.
///
/// The first part of a requested path chooses the behaviour: see the handler.
final class LocalServer {
  static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first(
    where: FileManager.default.isExecutableFile)

  let port: Int
  private let process = Process()
  private let input = Pipe()

  /// Serves `body` under any name.
  init(_ body: [UInt8], in folder: TemporaryFolder) throws {
    let script = try folder.write(Array(Self.script.utf8), to: "server.py")
    let file = try folder.write(body, to: "body")
    let output = Pipe()
    // The server ends when its standard input is closed, at the latest when the tests end.
    process.standardInput = input
    process.executableURL = URL(filePath: try #require(Self.python))
    process.arguments = ["-u", script.path, file.path]
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  deinit {
    // Not `terminate`, whose signal may be blocked: the process inherits the signal mask of the
    // thread that started it.
    kill(process.processIdentifier, SIGKILL)
  }

  func address(_ behaviour: String) -> URL {
    URL(string: "http://127.0.0.1:\(port)/\(behaviour)/file.gz")!
  }

  private static let script = #"""
    import gzip, http.server, os, sys, threading, time

    body = open(sys.argv[1], "rb").read()

    def part(start):
        return {"Content-Range": "bytes %d-%d/%d" % (start, len(body) - 1, len(body))}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            start = int(asked[len("bytes="):-1]) if asked else 0
            behaviour = self.path.split("/")[1]
            if behaviour == "plain":          # without support for ranges
                self.answer(200, body)
            elif behaviour == "ranges":
                self.answer(206 if asked else 200, body[start:], part(start) if asked else {})
            elif behaviour == "cut":          # the connection breaks in the middle
                self.answer(200, body[:len(body) // 2], {"Content-Length": str(len(body))})
            elif behaviour == "other":        # another file of the same size
                self.answer(200, bytes(b ^ 1 for b in body))
            elif behaviour == "long":
                self.answer(200, body + b"more")
            elif behaviour == "endless":      # no length and no end
                self.answer(200, b"", {"Content-Length": None})
                try:
                    while True:
                        self.wfile.write(bytes(65536))
                        time.sleep(0.01)
                except OSError:
                    pass
            elif behaviour == "zipped":       # the body is encoded
                self.answer(200, gzip.compress(body), {"Content-Encoding": "gzip"})
            elif behaviour == "shifted":      # another range than requested
                self.answer(206, body[start + 1:], part(start + 1))
            elif behaviour == "moved":
                self.answer(302, b"", {"Location": "/plain/file.gz"})
            else:
                self.answer(404, b"not here")

        def answer(self, status, content, headers={}):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_port)
    server.serve_forever()
    """#
}
