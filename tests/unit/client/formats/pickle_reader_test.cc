#include "client/formats/pickle_reader.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using Kind = PickleNode::Kind;

// A literal with zeros in it.
template <size_t N>
std::string S(const char (&literal)[N]) {
  return {literal, N - 1};
}

bool AllowKnown(absl::string_view name) {
  return name == "collections.OrderedDict" || name == "torch.Size";
}

absl::StatusOr<Pickle> Read(const std::string& program) {
  size_t position = 0;
  return ReadPickle(program, position, AllowKnown);
}

TEST(Pickle, ReadsValues) {
  const struct {
    std::string program;
    Kind kind;
    int64_t number;
    std::string text;
  } cases[] = {
      {S("\x80\x02N."), Kind::kNone, 0, ""},
      {S("\x80\x02\x88."), Kind::kBool, 1, ""},
      {S("\x80\x02K\xFF."), Kind::kInt, 255, ""},
      {S("\x80\x02M\x34\x12."), Kind::kInt, 0x1234, ""},
      {S("\x80\x02J\xFE\xFF\xFF\xFF."), Kind::kInt, -2, ""},
      {S("\x80\x02\x8A\x00."), Kind::kInt, 0, ""},
      {S("\x80\x02\x8A\x01\x80."), Kind::kInt, -128, ""},
      {S("\x80\x02\x8A\x05\x00\x00\x00\x00\x01."), Kind::kInt, 1LL << 32, ""},
      {S("\x80\x02\x8A\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."), Kind::kLong,
       0, S("\0\0\0\0\0\0\0\x80\0")},
      {S("\x80\x02G\x3F\xF0\0\0\0\0\0\0."), Kind::kFloat, 0, ""},
      {S("\x80\x02X\x02\0\0\0hi."), Kind::kString, 0, "hi"},
      {S("\x80\x02U\x02hi."), Kind::kString, 0, "hi"},
      {S("\x80\x04\x95\x05\0\0\0\0\0\0\0\x8C\x02hi\x94."), Kind::kString, 0,
       "hi"},
      {S("\x80\x02)."), Kind::kTuple, 0, ""},
      {S("\x80\x02]q\0."), Kind::kList, 0, ""},
      {S("\x80\x02"
         "ccollections\nOrderedDict\n)R."),
       Kind::kDict, 0, ""},
      {S("\x80\x04\x8C\x0B"
         "collections\x8C\x0BOrderedDict\x93."),
       Kind::kGlobal, 0, "collections.OrderedDict"},
      {S("\x80\x02"
         "ctorch\nSize\n)R."),
       Kind::kCall, 0, ""},
      {S("\x80\x02NQ."), Kind::kPersistent, 0, ""},
      {S("\x80\x02}}b."), Kind::kDict, 0, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c.program));
    EMB_ASSERT_OK_AND_ASSIGN(const Pickle pickle, Read(c.program));
    const PickleNode& root = pickle[pickle.root];
    EXPECT_EQ(root.kind, c.kind);
    EXPECT_EQ(root.number, c.number);
    EXPECT_EQ(root.text, c.text);
  }
}

TEST(Pickle, ReadsContainersAndMemos) {
  // {"a": [1, 2], "b": ("a", "a", None)}, "a" by its number.
  EMB_ASSERT_OK_AND_ASSIGN(const Pickle pickle, Read(S("\x80\x02}(U\x01"
                                                       "aq\x05](K\x01K\x02"
                                                       "eU\x01"
                                                       "b(h\x05h\x05Ntu.")));
  const PickleNode& dict = pickle[pickle.root];
  ASSERT_EQ(dict.items.size(), 4U);
  EXPECT_EQ(pickle[dict.items[0]].text, "a");
  EXPECT_EQ(pickle[dict.items[1]].items.size(), 2U);
  EXPECT_EQ(pickle[pickle[dict.items[1]].items[1]].number, 2);
  EXPECT_EQ(pickle[dict.items[3]].items.size(), 3U);
  EXPECT_EQ(pickle[dict.items[3]].items[0], dict.items[0]);
}

TEST(Pickle, LeavesThePositionBehindItself) {
  const std::string two = S("\x80\x02K\x01.\x80\x02K\x02.");
  size_t position = 0;
  EMB_ASSERT_OK(ReadPickle(two, position, AllowKnown));
  EXPECT_EQ(position, 5U);
  EMB_ASSERT_OK_AND_ASSIGN(const Pickle second,
                           ReadPickle(two, position, AllowKnown));
  EXPECT_EQ(second[second.root].number, 2);
  EXPECT_EQ(position, two.size());
}

TEST(Pickle, RefusesByNameWhatWouldRun) {
  const struct {
    std::string program;
    std::string complaint;
  } cases[] = {
      {S("\x80\x02"
         "cos\nsystem\nU\x02id\x85R."),
       "byte 2, GLOBAL: \"os.system\" would be imported"},
      {S("\x80\x02"
         "cbuiltins\neval\n."),
       "\"builtins.eval\" would be"},
      {S("\x80\x04\x8C\x02os\x8C\x06system\x93."),
       "STACK_GLOBAL: \"os.system\" would be imported"},
      {S("\x80\x02"
         "cnumpy.core.multiarray\nscalar\n."),
       "\"numpy.core.multiarray.scalar\" would be"},
      {S("\x80\x02(i__main__\nX\n."), "byte 3, INST: an opcode that no tensor"},
      {S("\x80\x02(U\x01xo."), "OBJ: an opcode"},
      {S("\x80\x02"
         "ctorch\nSize\n)\x81."),
       "NEWOBJ: an opcode"},
      {S("\x80\x04\x8C\x01x)}\x92."), "NEWOBJ_EX: an opcode"},
      {S("\x80\x02\x82\x01."), "EXT1: an opcode"},
      {S("\x80\x02P1\n."), "PERSID: an opcode"},
      {S("\x80\x02NN)R."), "REDUCE: a call of what is no name"},
      {S("\x80\x02U\x02os)R."), "a call of what is no name"},
      {S("\x80\x02N}b."), "BUILD: the state of what is no dict"},
      {S("\x80\x02"
         "ccollections\nOrderedDict\nN\x85R."),
       "OrderedDict with arguments"},
      {S("\x80\x04K\x01K\x02\x93."), "a name that is no string"},
      {S("\x80\x05\x96\x01\0\0\0\0\0\0\0x."), "BYTEARRAY8: an opcode"},
      {S("\x80\x02I1\n."), "INT: an opcode"},
      {S("\x80\x02N0."), "POP: an opcode"},
      {S("\x80\x02\xFF."), "no opcode: 255"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.complaint);
    EXPECT_THAT(Read(c.program),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(Pickle, RefusesNonsense) {
  const struct {
    std::string program;
    std::string complaint;
  } cases[] = {
      {"", "cut off"},
      {"N.", "no pickle"},
      {S("\x80\x01N."), "protocol 1, want 2 to 5"},
      {S("\x80\x06N."), "protocol 6"},
      {S("\x80\x02."), "not one value at its end"},
      {S("\x80\x02NN."), "not one value at its end"},
      {S("\x80\x02(N."), "not one value at its end"},
      {S("\x80\x02N"), "cut off"},
      {S("\x80\x02U\x05hi."), "cut off"},
      {S("\x80\x02X\xFF\xFF\xFF\xFFhi."), "cut off"},
      {S("\x80\x02"
         "ccollections\nOrdered"),
       "cut off"},
      {S("\x80\x02h\x01."), "BINGET: nothing of that number"},
      {S("\x80\x02q\x01."), "the stack is empty"},
      {S("\x80\x02N\x86."), "the stack is empty"},
      {S("\x80\x02N(\x85."), "the stack is empty"},
      {S("\x80\x02Nt."), "no mark"},
      {S("\x80\x02NNa."), "no list or dict to add to"},
      {S("\x80\x02](e}s."), "no list or dict to add to"},
      {S("\x80\x02}(Nu."), "a key without a value"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c.program));
    EXPECT_THAT(Read(c.program),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  const std::string many =
      S("\x80\x02") + std::string(kPickleNodesMax + 1, 'N');
  EXPECT_THAT(Read(many), StatusIs(StatusCode::kInvalidArgument,
                                   HasSubstr("over 1048576 values")));
}

}  // namespace
}  // namespace emb
