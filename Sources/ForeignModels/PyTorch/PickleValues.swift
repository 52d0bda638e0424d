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
    /// Anything that is not on the list of names: a function or class of this name, or what a call
    /// of it would give. Nothing is called, so that nothing else is known about it.
    case object(String)
  }

  struct Container {
    enum Kind { case list, tuple, dictionary }
    let kind: Kind
    /// The items. In a dictionary, each key is followed by its value.
    var items: [Value] = []
  }

  /// The numbers of one or more tensors. The file has them under the name `key`.
  struct Storage: Equatable {
    let type: StoredType
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

  /// The names that have a meaning to the reader.
  enum Name: Equatable {
    case dictionary, tensor, parameter, size
    case storage(StoredType)
  }
}
