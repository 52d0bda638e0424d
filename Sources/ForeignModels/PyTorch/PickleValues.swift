import ModelCore

extension Pickle {
  /// A value on the stack of a pickle.
  enum Value: Equatable {
    case none, mark
    case truth(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    /// An index in the stack's `containers`, or in the pickle's `tensors` or `storages`.
    case container(Int)
    case tensor(Int)
    case storage(Int)
    case name(Name)
  }

  struct Container {
    enum Kind { case list, tuple, dictionary }
    let kind: Kind
    /// The items. In a dictionary, each key is followed by its value.
    var items: [Value] = []
  }

  /// The numbers of one or more tensors. They are a member of the archive with the name `key`.
  struct Storage {
    let type: Tensor.ElementType
    let key: String
    let count: Int
  }

  /// A tensor as a view of a storage, as in PyTorch.
  struct StoredTensor {
    let storage: Storage
    let offset: Int
    let shape: [Int]
    let strides: [Int]
  }

  /// The names that a pickle may contain.
  enum Name: Equatable {
    case orderedDictionary, tensor, parameter, size
    case storage(Tensor.ElementType)
  }
}
