// The logits among what a TorchScript program gives.
#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <sstream>
#include <string>
#include <vector>

namespace ctorch {

/// A tensor in a program's output. The name is a key of a dictionary, a field of a named tuple, or
/// the place; a tensor inside a further tuple has the names of both, with a dot between them.
struct ScriptOutput {
  std::string name, place;
  at::Tensor tensor;
};

/// The tensors in a value, in their order.
inline void collect(const c10::IValue &value, const std::string &name, const std::string &place,
                    int depth, std::vector<ScriptOutput> &out) {
  if (out.size() >= 256 || depth > 4) return;
  const auto below = [](const std::string &outer, const std::string &inner) {
    return outer.empty() ? inner : outer + "." + inner;
  };
  if (value.isTensor()) {
    if (value.toTensor().defined()) out.push_back({name, place, value.toTensor()});
  } else if (value.isTuple()) {
    const auto &elements = value.toTupleRef().elements();
    const auto type = value.type()->cast<c10::TupleType>();
    const auto fields = type ? type->names() : std::nullopt;
    for (size_t i = 0; i < elements.size(); i++) {
      const std::string number = std::to_string(i);
      const std::string field = fields && i < fields->size() ? std::string((*fields)[i]) : number;
      collect(elements[i], below(name, field), below(place, number), depth + 1, out);
    }
  } else if (value.isList()) {
    const auto elements = value.toListRef();
    for (size_t i = 0; i < elements.size(); i++) {
      const std::string number = std::to_string(i);
      collect(elements[i], below(name, number), below(place, number), depth + 1, out);
    }
  } else if (value.isGenericDict()) {
    size_t i = 0;
    for (const auto &entry : value.toGenericDict()) {
      const std::string number = std::to_string(i++);
      const std::string key = entry.key().isString() ? entry.key().toStringRef() : number;
      collect(entry.value(), below(name, key), below(place, number), depth + 1, out);
    }
  }
}

/// What there is to choose from: 'logits' (0) of shape [2, 10], 1 of shape [2, 64].
inline std::string listed(const std::vector<ScriptOutput> &outputs) {
  std::ostringstream text;
  for (size_t i = 0; i < outputs.size() && i < 12; i++) {
    text << (i ? ", " : "");
    if (outputs[i].name != outputs[i].place) text << "'" << outputs[i].name << "' (";
    text << outputs[i].place << (outputs[i].name != outputs[i].place ? ")" : "") << " of shape "
         << outputs[i].tensor.sizes();
  }
  if (outputs.size() > 12) text << " and " << outputs.size() - 12 << " more";
  return text.str();
}

/// The tensor that is meant.
inline at::Tensor chosen(const c10::IValue &value, const char *wanted) {
  if (value.isTensor()) {
    TORCH_CHECK(!wanted, "its forward returns one tensor, and output '", wanted ? wanted : "",
                "' was asked for; leave output out");
    return value.toTensor();
  }
  std::vector<ScriptOutput> outputs;
  collect(value, "", "", 0, outputs);
  TORCH_CHECK(!outputs.empty(), "its forward returns ", value.tagKind(),
              " without a tensor; expected a tensor of logits");
  const std::string name = wanted ? wanted : "";
  for (const ScriptOutput &output : outputs) {
    if (wanted && (output.name == name || output.place == name)) return output.tensor;
  }
  TORCH_CHECK(!wanted, "its forward returns nothing under '", name, "'; there are ",
              listed(outputs));
  TORCH_CHECK(false, "its forward returns ", value.tagKind(), " with ", listed(outputs),
              "; choose the logits, like :output=", outputs[0].name);
}

}  // namespace ctorch
