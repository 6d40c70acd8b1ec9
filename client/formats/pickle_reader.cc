#include "client/formats/pickle_reader.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/formats/byte_order.h"
#include "client/formats/pickle_opcodes.h"
#include "core/status_macros.h"

namespace emb {
namespace {

using Kind = PickleNode::Kind;

constexpr int64_t kProtocolMax = 5;
constexpr absl::string_view kOrderedDict = "collections.OrderedDict";

// The machine that pickles are programs for, with nodes instead of objects.
class PickleMachine {
 public:
  PickleMachine(absl::string_view bytes, size_t position, GlobalFilter allowed)
      : bytes_(bytes), begin_(position), next_(position), allowed_(allowed) {}

  absl::Status Run() {
    do {
      opcode_at_ = next_;
      EMB_RETURN_IF_ERROR(Need(1));
      opcode_ = static_cast<unsigned char>(Take(1).front());
      if (begin_ == opcode_at_ && opcode_ != 0x80) return Wrong("no pickle");
      EMB_RETURN_IF_ERROR(Step(static_cast<Opcode>(opcode_)));
      if (pickle_.nodes.size() > kPickleNodesMax) {
        return Wrong(absl::StrCat("over ", kPickleNodesMax, " values"));
      }
    } while (static_cast<Opcode>(opcode_) != Opcode::kStop);
    if (stack_.size() != 1 || !marks_.empty()) {
      return Wrong("not one value at its end");
    }
    pickle_.root = stack_.front();
    return absl::OkStatus();
  }

  size_t position() const { return next_; }
  Pickle TakePickle() { return std::move(pickle_); }

 private:
  absl::Status Wrong(absl::string_view complaint) const {
    return absl::InvalidArgumentError(
        absl::StrCat("pickle, byte ", opcode_at_ - begin_, ", ",
                     OpcodeName(opcode_), ": ", complaint));
  }

  absl::Status Need(uint64_t count) const {
    if (count <= bytes_.size() - next_) return absl::OkStatus();
    return Wrong("cut off");
  }

  // REQUIRES: Need(count) was OK.
  absl::string_view Take(size_t count) {
    next_ += count;
    return bytes_.substr(next_ - count, count);
  }

  absl::StatusOr<uint64_t> TakeNumber(size_t count) {
    EMB_RETURN_IF_ERROR(Need(count));
    return LittleEndian(Take(count), 0, count);
  }

  absl::StatusOr<std::string> TakeText(size_t length_bytes) {
    EMB_ASSIGN_OR_RETURN(const uint64_t length, TakeNumber(length_bytes));
    EMB_RETURN_IF_ERROR(Need(length));
    return std::string(Take(length));
  }

  absl::StatusOr<std::string> TakeLine() {
    const size_t end = bytes_.find('\n', next_);
    if (end == absl::string_view::npos) return Wrong("cut off");
    std::string line(Take(end - next_));
    ++next_;
    return line;
  }

  absl::Status Push(PickleNode node) {
    stack_.push_back(static_cast<int32_t>(pickle_.nodes.size()));
    pickle_.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::Status PushNumber(Kind kind, int64_t number) {
    return Push({.kind = kind, .number = number, .text = {}, .items = {}});
  }

  absl::Status PushText(Kind kind, absl::StatusOr<std::string> text) {
    EMB_RETURN_IF_ERROR(text.status());
    return Push(
        {.kind = kind, .number = 0, .text = *std::move(text), .items = {}});
  }

  absl::Status PushItems(Kind kind, std::vector<int32_t> items) {
    return Push(
        {.kind = kind, .number = 0, .text = {}, .items = std::move(items)});
  }

  PickleNode& Node(int32_t index) {
    return pickle_.nodes[static_cast<size_t>(index)];
  }

  // How many values lie above the last mark; all where there is none.
  size_t AboveMark() const {
    return stack_.size() - (marks_.empty() ? 0 : marks_.back());
  }

  // Takes the upper `count` values, in the order of their pushes.
  absl::StatusOr<std::vector<int32_t>> Pop(size_t count) {
    if (AboveMark() < count) return Wrong("the stack is empty");
    std::vector<int32_t> items(stack_.end() - static_cast<ptrdiff_t>(count),
                               stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  absl::StatusOr<std::vector<int32_t>> PopToMark() {
    if (marks_.empty()) return Wrong("no mark");
    EMB_ASSIGN_OR_RETURN(std::vector<int32_t> items, Pop(AboveMark()));
    marks_.pop_back();
    return items;
  }

  absl::Status Step(Opcode opcode) {
    switch (opcode) {
      case Opcode::kProto:
        return TakeProtocol();
      case Opcode::kFrame:
        return TakeNumber(8).status();
      case Opcode::kStop:
        return absl::OkStatus();
      case Opcode::kMark:
        marks_.push_back(stack_.size());
        return absl::OkStatus();
      case Opcode::kGlobal:
        return TakeGlobal();
      case Opcode::kStackGlobal:
        return MakeGlobal();
      case Opcode::kReduce:
        return Reduce();
      case Opcode::kBuild:
        return Build();
      case Opcode::kBinPersId:
        return MakePersistent();
      default:
        return StepMemo(opcode);
    }
  }

  absl::Status StepMemo(Opcode opcode) {
    switch (opcode) {
      case Opcode::kBinPut:
        return Put(TakeNumber(1));
      case Opcode::kLongBinPut:
        return Put(TakeNumber(4));
      case Opcode::kMemoize:
        return Put(uint64_t{memo_.size()});
      case Opcode::kBinGet:
        return Get(TakeNumber(1));
      case Opcode::kLongBinGet:
        return Get(TakeNumber(4));
      default:
        return StepContainer(opcode);
    }
  }

  absl::Status StepContainer(Opcode opcode) {
    switch (opcode) {
      case Opcode::kEmptyTuple:
        return PushItems(Kind::kTuple, {});
      case Opcode::kTuple1:
        return MakeTuple(Pop(1));
      case Opcode::kTuple2:
        return MakeTuple(Pop(2));
      case Opcode::kTuple3:
        return MakeTuple(Pop(3));
      case Opcode::kTuple:
        return MakeTuple(PopToMark());
      case Opcode::kEmptyList:
        return PushItems(Kind::kList, {});
      case Opcode::kEmptyDict:
        return PushItems(Kind::kDict, {});
      case Opcode::kAppend:
        return Extend(Kind::kList, Pop(1));
      case Opcode::kAppends:
        return Extend(Kind::kList, PopToMark());
      case Opcode::kSetItem:
        return Extend(Kind::kDict, Pop(2));
      case Opcode::kSetItems:
        return Extend(Kind::kDict, PopToMark());
      default:
        return StepValue(opcode);
    }
  }

  absl::Status StepValue(Opcode opcode) {
    switch (opcode) {
      case Opcode::kNone:
        return PushNumber(Kind::kNone, 0);
      case Opcode::kNewTrue:
        return PushNumber(Kind::kBool, 1);
      case Opcode::kNewFalse:
        return PushNumber(Kind::kBool, 0);
      case Opcode::kBinInt:
        return PushInt(4);
      case Opcode::kBinInt1:
        return PushInt(1);
      case Opcode::kBinInt2:
        return PushInt(2);
      case Opcode::kLong1:
        return PushLong();
      case Opcode::kBinFloat:
        EMB_RETURN_IF_ERROR(TakeNumber(8).status());
        return PushNumber(Kind::kFloat, 0);
      case Opcode::kShortBinString:
      case Opcode::kShortBinUnicode:
        return PushText(Kind::kString, TakeText(1));
      case Opcode::kBinString:
      case Opcode::kBinUnicode:
        return PushText(Kind::kString, TakeText(4));
      default:
        return Wrong(OpcodeName(opcode_).empty()
                         ? absl::StrCat("no opcode: ", opcode_)
                         : "an opcode that no tensor needs, not read");
    }
  }

  absl::Status TakeProtocol() {
    EMB_ASSIGN_OR_RETURN(const uint64_t protocol, TakeNumber(1));
    if (protocol >= 2 && protocol <= kProtocolMax) return absl::OkStatus();
    return Wrong(
        absl::StrCat("protocol ", protocol, ", want 2 to ", kProtocolMax));
  }

  absl::Status PushInt(size_t bytes) {
    EMB_ASSIGN_OR_RETURN(const uint64_t number, TakeNumber(bytes));
    // Only that of 4 bytes has a sign.
    return PushNumber(Kind::kInt, bytes == 4 ? static_cast<int32_t>(number)
                                             : static_cast<int64_t>(number));
  }

  absl::Status PushLong() {
    EMB_ASSIGN_OR_RETURN(std::string text, TakeText(1));
    if (text.size() > 8) return PushText(Kind::kLong, std::move(text));
    const bool negative =
        !text.empty() && (static_cast<unsigned char>(text.back()) & 0x80);
    text.resize(8, negative ? '\xFF' : '\0');
    return PushNumber(Kind::kInt,
                      static_cast<int64_t>(LittleEndian(text, 0, 8)));
  }

  absl::Status MakeTuple(absl::StatusOr<std::vector<int32_t>> items) {
    EMB_RETURN_IF_ERROR(items.status());
    return PushItems(Kind::kTuple, *std::move(items));
  }

  // Adds items to the list or dict on top.
  absl::Status Extend(Kind kind, absl::StatusOr<std::vector<int32_t>> items) {
    EMB_RETURN_IF_ERROR(items.status());
    if (AboveMark() == 0 || Node(stack_.back()).kind != kind) {
      return Wrong("no list or dict to add to");
    }
    if (kind == Kind::kDict && items->size() % 2 != 0) {
      return Wrong("a key without a value");
    }
    std::vector<int32_t>& all = Node(stack_.back()).items;
    all.insert(all.end(), items->begin(), items->end());
    return absl::OkStatus();
  }

  absl::Status Put(absl::StatusOr<uint64_t> key) {
    EMB_RETURN_IF_ERROR(key.status());
    if (AboveMark() == 0) return Wrong("the stack is empty");
    memo_[*key] = stack_.back();
    return absl::OkStatus();
  }

  absl::Status Get(absl::StatusOr<uint64_t> key) {
    EMB_RETURN_IF_ERROR(key.status());
    const auto found = memo_.find(*key);
    if (found == memo_.end()) return Wrong("nothing of that number");
    stack_.push_back(found->second);
    return absl::OkStatus();
  }

  absl::Status TakeGlobal() {
    EMB_ASSIGN_OR_RETURN(const std::string module, TakeLine());
    EMB_ASSIGN_OR_RETURN(const std::string name, TakeLine());
    return PushGlobal(module, name);
  }

  absl::Status MakeGlobal() {
    EMB_ASSIGN_OR_RETURN(const std::vector<int32_t> items, Pop(2));
    if (Node(items[0]).kind != Kind::kString ||
        Node(items[1]).kind != Kind::kString) {
      return Wrong("a name that is no string");
    }
    const std::string module = Node(items[0]).text;
    return PushGlobal(module, Node(items[1]).text);
  }

  absl::Status PushGlobal(absl::string_view module, absl::string_view name) {
    std::string full = absl::StrCat(module, ".", name);
    if (!allowed_(full)) {
      return Wrong(absl::StrCat(
          "\"", absl::CHexEscape(full.substr(0, 128)),
          "\" would be imported, want tensors, dicts, lists and numbers only"));
    }
    return PushText(Kind::kGlobal, std::move(full));
  }

  absl::Status Reduce() {
    EMB_ASSIGN_OR_RETURN(std::vector<int32_t> items, Pop(2));
    const PickleNode& callee = Node(items[0]);
    if (callee.kind != Kind::kGlobal || Node(items[1]).kind != Kind::kTuple) {
      return Wrong("a call of what is no name");
    }
    if (callee.text != kOrderedDict) {
      return PushItems(Kind::kCall, std::move(items));
    }
    if (!Node(items[1]).items.empty()) {
      return Wrong("OrderedDict with arguments");
    }
    return PushItems(Kind::kDict, {});
  }

  // The state of a dict is what a module notes beside its tensors.
  absl::Status Build() {
    EMB_RETURN_IF_ERROR(Pop(1).status());
    if (AboveMark() == 0 || Node(stack_.back()).kind != Kind::kDict) {
      return Wrong("the state of what is no dict");
    }
    return absl::OkStatus();
  }

  absl::Status MakePersistent() {
    EMB_ASSIGN_OR_RETURN(std::vector<int32_t> items, Pop(1));
    return PushItems(Kind::kPersistent, std::move(items));
  }

  const absl::string_view bytes_;
  const size_t begin_;
  size_t next_;
  const GlobalFilter allowed_;
  size_t opcode_at_ = 0;
  unsigned char opcode_ = 0x80;
  Pickle pickle_;
  std::vector<int32_t> stack_;  // Nodes.
  std::vector<size_t> marks_;   // Heights of the stack.
  absl::flat_hash_map<uint64_t, int32_t> memo_;
};

}  // namespace

absl::StatusOr<Pickle> ReadPickle(absl::string_view bytes, size_t& position,
                                  GlobalFilter allowed) {
  PickleMachine machine(bytes, position, allowed);
  EMB_RETURN_IF_ERROR(machine.Run());
  position = machine.position();
  return machine.TakePickle();
}

}  // namespace emb
