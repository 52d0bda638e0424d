import ModelCore

/// What a pickle is made of.
extension Pickle {
  enum Value: Equatable {
    case none, mark
    case truth(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    /// A place in `containers`, `tensors` or `storages`.
    case container(Int)
    case tensor(Int)
    case storage(Int)
    case name(Name)
  }

  struct Container {
    enum Kind { case list, tuple, dictionary }
    let kind: Kind
    /// The items; of a dictionary each key and its value in turn.
    var items: [Value] = []
  }

  /// The numbers of one or more tensors, in a file of their own.
  struct Storage {
    let type: Tensor.ElementType
    let key: String
    let count: Int
  }

  struct StoredTensor {
    let storage: Storage
    let offset: Int
    let shape: [Int]
    let strides: [Int]
  }

  /// What may be named.
  enum Name: Equatable {
    case orderedDictionary, tensor, parameter, size
    case storage(Tensor.ElementType)
  }
}
