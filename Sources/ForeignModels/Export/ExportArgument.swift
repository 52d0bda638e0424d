import Support

/// An argument of a node: a constant, or the name of a value that another node gives. It is the
/// union `Argument` of PyTorch's torch/_export/serde/schema.py.
enum ExportArgument: Decodable {
  /// A whole number, or the name of one.
  enum Number: Decodable {
    case known(Int)
    case named(String)

    private enum CodingKeys: String, CodingKey {
      case known = "as_int"
      case named = "as_name"
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      if let number = try fields.decodeIfPresent(Int.self, forKey: .known) {
        self = .known(number)
      } else {
        self = .named(try fields.decode(String.self, forKey: .named))
      }
    }
  }

  case none
  case tensor(String)
  /// A list of tensors, in which nil stands for None.
  case tensors([String?])
  case number(Number)
  case numbers([Number])
  case int(Int)
  case ints([Int])
  case double(Double)
  case doubles([Double])
  case bool(Bool)
  case bools([Bool])
  case text(String)
  /// The name of a floating-point number or of a truth value that another node gives.
  case scalar(String)
  /// A code of `ExportTypes`.
  case type(Int)
  case memoryFormat(Int)
  case layout(Int)
  case device
  /// An argument of a kind that is not supported, such as another graph.
  case other(String)

  private struct Name: Decodable { let name: String }
  private struct Optional: Decodable {
    let tensor: Name?
    private enum CodingKeys: String, CodingKey { case tensor = "as_tensor" }
  }
  private struct Scalar: Decodable {
    let name: String?
    let number: Double?
    let truth: Bool?
    private enum CodingKeys: String, CodingKey {
      case name = "as_name"
      case number = "as_float"
      case truth = "as_bool"
    }
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: ExportKey.self)
    guard let key = fields.allKeys.first, fields.allKeys.count == 1 else {
      throw Failure.badData("an argument in its graph has no kind")
    }
    func read<Content: Decodable>(_ type: Content.Type = Content.self) throws -> Content {
      try fields.decode(type, forKey: key)
    }
    switch key.stringValue {
    case "as_none": self = .none
    case "as_tensor": self = .tensor(try read(Name.self).name)
    case "as_tensors": self = .tensors(try read([Name].self).map(\.name))
    case "as_optional_tensors": self = .tensors(try read([Optional].self).map(\.tensor?.name))
    case "as_optional_tensor":
      self = try read(Optional.self).tensor.map { .tensor($0.name) } ?? .none
    case "as_int": self = .int(try read())
    case "as_ints": self = .ints(try read())
    case "as_sym_int": self = .number(try read())
    case "as_sym_ints": self = .numbers(try read())
    case "as_float": self = .double(try read())
    case "as_floats": self = .doubles(try read())
    case "as_bool": self = .bool(try read())
    case "as_bools": self = .bools(try read())
    case "as_string": self = .text(try read())
    case "as_sym_float", "as_sym_bool":
      let scalar = try read(Scalar.self)
      self =
        scalar.name.map { .scalar($0) } ?? scalar.number.map { .double($0) }
        ?? .bool(scalar.truth ?? false)
    case "as_scalar_type": self = .type(try read())
    case "as_memory_format": self = .memoryFormat(try read())
    case "as_layout": self = .layout(try read())
    case "as_device": self = .device
    case let kind: self = .other(kind)
    }
  }
}

/// The key of a union, which names the kind of its only field.
struct ExportKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
