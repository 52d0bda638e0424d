// Any operator of libtorch by its name, called through the dispatcher with boxed arguments, so that
// gradients go through it as through any other operation.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/ScalarOps.h>

#include <cmath>

#include "Guard.h"

using namespace ctorch;
using c10::IValue;
using c10::TypeKind;

struct ct_operator {
  c10::OperatorHandle handle;
};

struct ct_stack {
  std::vector<IValue> values;
};

ct_operator_ref ct_operator_find(const char *name, const char *overload) {
  return guarded([&]() -> ct_operator_ref {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(found, "libtorch has no operator ", name, *overload ? "." : "", overload);
    return new ct_operator{*found};
  });
}

int ct_operator_arguments(ct_operator_ref op) {
  return static_cast<int>(op->handle.schema().arguments().size());
}

static const c10::Argument &argument(ct_operator_ref op, int place) {
  return op->handle.schema().arguments()[static_cast<size_t>(place)];
}

const char *ct_operator_argument(ct_operator_ref op, int place) {
  return argument(op, place).name().c_str();
}

bool ct_operator_writes(ct_operator_ref op, int place) {
  const c10::AliasInfo *alias = argument(op, place).alias_info();
  return alias && alias->isWrite();
}

bool ct_operator_shares(ct_operator_ref op) { return op->handle.schema().hasAnyAliasInfo(); }

// ---- arguments ----------------------------------------------------------------------------------
template <class Value>
static c10::List<Value> list(const Value *values, int count) {
  c10::List<Value> out;
  out.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; i++) out.push_back(values[i]);
  return out;
}

ct_stack_ref ct_stack_new(void) { return new struct ct_stack; }

void ct_stack_free(ct_stack_ref stack) { delete stack; }

void ct_stack_add_none(ct_stack_ref stack) { stack->values.emplace_back(); }

bool ct_stack_add_default(ct_stack_ref stack, ct_operator_ref op) {
  return guarded([&] {
    const int place = static_cast<int>(stack->values.size());
    TORCH_CHECK(place < ct_operator_arguments(op), "too many arguments");
    const auto &value = argument(op, place).default_value();
    TORCH_CHECK(value, "the argument '", argument(op, place).name(), "' is missing");
    stack->values.push_back(*value);
    return true;
  });
}

void ct_stack_add_tensor(ct_stack_ref stack, ct_ref tensor) {
  stack->values.emplace_back(tensor->value);
}

void ct_stack_add_int(ct_stack_ref stack, int64_t value) { stack->values.emplace_back(value); }

void ct_stack_add_double(ct_stack_ref stack, double value) { stack->values.emplace_back(value); }

void ct_stack_add_bool(ct_stack_ref stack, bool value) { stack->values.emplace_back(value); }

void ct_stack_add_text(ct_stack_ref stack, const char *value) {
  stack->values.emplace_back(std::string(value));
}

void ct_stack_add_device(ct_stack_ref stack, int device) {
  stack->values.emplace_back(device < 0 ? at::Device(at::kCPU)
                                        : at::Device(at::kCUDA, static_cast<int8_t>(device)));
}

void ct_stack_add_ints(ct_stack_ref stack, const int64_t *values, int count) {
  stack->values.emplace_back(list(values, count));
}

void ct_stack_add_doubles(ct_stack_ref stack, const double *values, int count) {
  stack->values.emplace_back(list(values, count));
}

void ct_stack_add_bools(ct_stack_ref stack, const bool *values, int count) {
  stack->values.emplace_back(list(values, count));
}

void ct_stack_add_tensors(ct_stack_ref stack, const ct_ref *tensors, int count) {
  c10::List<std::optional<at::Tensor>> out;
  for (int i = 0; i < count; i++) out.push_back(present(tensors[i]));
  stack->values.emplace_back(std::move(out));
}

/// Converts what programs leave to the caller: whole numbers to floats, numbers to tensors without
/// dimensions, and lists of tensors without gaps to lists of that type.
static void convert(IValue &value, const c10::TypePtr &type) {
  switch (type->kind()) {
    case TypeKind::OptionalType:
      if (!value.isNone()) convert(value, type->castRaw<c10::OptionalType>()->getElementType());
      return;
    case TypeKind::FloatType:
      if (value.isInt()) value = static_cast<double>(value.toInt());
      return;
    case TypeKind::TensorType:
      if (value.isScalar()) {
        at::Tensor tensor = c10::scalar_to_tensor(value.toScalar());
        // The number does not decide the type of the result, as in Python.
        tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
        value = std::move(tensor);
      }
      return;
    case TypeKind::ListType: {
      const auto &element = type->castRaw<c10::ListType>()->getElementType();
      if (element->kind() == TypeKind::TensorType && value.isList() && !value.isTensorList()) {
        c10::List<at::Tensor> tensors;
        for (const IValue &item : value.toListRef()) {
          TORCH_CHECK(item.isTensor(), "a list contains something else than tensors");
          tensors.push_back(item.toTensor());
        }
        value = std::move(tensors);
      } else if (element->kind() == TypeKind::FloatType && value.isIntList()) {
        c10::List<double> numbers;
        for (int64_t number : value.toIntVector()) numbers.push_back(static_cast<double>(number));
        value = std::move(numbers);
      }
      return;
    }
    default: return;
  }
}

// ---- the call and its results -------------------------------------------------------------------
bool ct_operator_call(ct_operator_ref op, ct_stack_ref stack) {
  return guarded([&] {
    const c10::FunctionSchema &schema = op->handle.schema();
    TORCH_CHECK(stack->values.size() == schema.arguments().size(), schema.name(), " takes ",
                schema.arguments().size(), " arguments, found ", stack->values.size());
    for (size_t i = 0; i < stack->values.size(); i++)
      convert(stack->values[i], schema.arguments()[i].type());
    schema.checkAndNormalizeInputs(stack->values);
    op->handle.callBoxed(stack->values);
    return true;
  });
}

int ct_stack_count(ct_stack_ref stack) { return static_cast<int>(stack->values.size()); }

static const IValue &at_place(ct_stack_ref stack, int place) {
  return stack->values[static_cast<size_t>(place)];
}

int ct_stack_kind(ct_stack_ref stack, int place) {
  const IValue &value = at_place(stack, place);
  // An operator may leave out a result, as an undefined tensor.
  if (value.isTensor()) return value.toTensor().defined() ? ct_kind_tensor : ct_kind_none;
  if (value.isTensorList()) return ct_kind_tensors;
  if (value.isNone()) return ct_kind_none;
  if (value.isInt()) return ct_kind_int;
  if (value.isDouble()) return ct_kind_double;
  return value.isBool() ? ct_kind_bool : ct_kind_other;
}

int ct_stack_length(ct_stack_ref stack, int place) {
  return static_cast<int>(at_place(stack, place).toTensorList().size());
}

ct_ref ct_stack_tensor(ct_stack_ref stack, int place, int element) {
  return made([&]() -> at::Tensor {
    const IValue &value = at_place(stack, place);
    if (value.isTensor()) return value.toTensor();
    return value.toTensorList().get(static_cast<size_t>(element));
  });
}

int64_t ct_stack_int(ct_stack_ref stack, int place) {
  return guarded([&] {
    const IValue &value = at_place(stack, place);
    return value.isBool() ? static_cast<int64_t>(value.toBool()) : value.toInt();
  });
}

double ct_stack_double(ct_stack_ref stack, int place) {
  return guarded([&] { return at_place(stack, place).toDouble(); });
}
