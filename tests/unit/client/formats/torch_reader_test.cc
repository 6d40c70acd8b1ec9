// torch.save's files, made by hand; those of torch itself are among
// table_file_test's.
#include "client/formats/torch_reader.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"
#include "tests/unit/client/formats/read_rows.h"
#include "tests/unit/client/formats/zip_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

std::string Text(const std::string& text) {
  return "U" + std::string(1, static_cast<char>(text.size())) + text;
}

std::string Int(int64_t number) {
  return "\x8A\x08" + LittleEndianBytes(number, 8);
}

// What a tensor's pickle is made of; a test changes one part.
struct TensorParts {
  std::string rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
  std::string tag = Text("storage");
  std::string type = "ctorch\nFloatStorage\n";
  std::string key = Text("0");
  std::string count = Int(6);
  std::string view;  // Of the storage.
  std::string offset = Int(0);
  std::string shape = Int(2) + Int(3) + "\x86";
  std::string strides = Int(3) + Int(1) + "\x86";
  std::string rest = "\x89}";  // requires_grad, hooks.
};

std::string TensorPickle(const TensorParts& parts) {
  return parts.rebuild + "((" + parts.tag + parts.type + parts.key +
         Text("cpu") + parts.count + parts.view + "tQ" + parts.offset +
         parts.shape + parts.strides + parts.rest + "tR";
}

std::string Zip(const std::string& object, const std::string& storage,
                const std::string& byteorder = "") {
  ZipBuilder zip;
  zip.Add({.name = "m/data.pkl", .content = "\x80\x02" + object + "."});
  if (!byteorder.empty()) {
    zip.Add({.name = "m/byteorder", .content = byteorder});
  }
  zip.Add({.name = "m/data/0", .content = storage});
  return zip.Finish();
}

std::string Stream(const std::string& object, const std::string& keys,
                   const std::string& storages) {
  return "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19." +
         ("\x80\x02" + Int(1001) + ".\x80\x02}.\x80\x02" + object) +
         ".\x80\x02]" + keys + "." + storages;
}

TEST(Torch, ReadsTensorsOfBothForms) {
  const std::string tensor = TensorPickle({});
  const std::string data = BytesOf(kValues);
  const std::string counted = LittleEndianBytes(6, 8) + data;
  const struct {
    std::string name;
    std::string bytes;
    std::string tensor;
  } cases[] = {
      {"a tensor", Zip(tensor, data), ""},
      {"a tensor of a stream", Stream(tensor, Text("0") + "a", counted), ""},
      {"a state dict", Zip("}" + Text("item.weight") + tensor + "s", data),
       "item.weight"},
      {"a checkpoint",
       Zip("}" + Text("model") + "}" + Text("w") + tensor + "ss", data),
       "model.w"},
      {"in a list", Zip("]" + tensor + "a", data), "0"},
      {"under a number", Zip("}K\x07" + tensor + "s", data), "7"},
      {"a parameter",
       Zip("ctorch._utils\n_rebuild_parameter\n(" + tensor + "\x88}tR", data),
       ""},
      {"little-endian", Zip(tensor, data, "little"), ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    ReadOptions options;
    if (!c.tensor.empty()) options.tensor = c.tensor;
    EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table,
                             ReadAllRows(c.bytes, options));
    EXPECT_EQ(table.format, Format::kTorch);
    EXPECT_EQ(table.values, kValues);
  }
}

TEST(Torch, ReadsViews) {
  const std::string data = BytesOf(kValues);
  TensorParts parts;
  parts.strides = Int(1) + Int(2) + "\x86";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable transposed,
                           ReadAllRows(Zip(TensorPickle(parts), data)));
  EXPECT_EQ(transposed.values, (std::vector<float>{1, 3, 5, 2, 4, 6}));
  parts.offset = Int(1);
  parts.shape = Int(2) + Int(2) + "\x86";
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable part,
                           ReadAllRows(Zip(TensorPickle(parts), data)));
  EXPECT_EQ(part.values, (std::vector<float>{2, 4, 3, 5}));
}

TEST(Torch, ReadsOtherTypes) {
  TensorParts parts;
  parts.type = "ctorch.cuda\nCharStorage\n";
  EMB_ASSERT_OK_AND_ASSIGN(
      const ReadTable chars,
      ReadAllRows(
          Zip(TensorPickle(parts), BytesOf<int8_t>({1, 2, 3, 4, 5, 6}))));
  EXPECT_EQ(chars.values, kValues);
  // Tensors that name their type themselves have a storage of bytes.
  parts.rebuild = "ctorch._utils\n_rebuild_tensor_v3\n";
  parts.type = "ctorch.storage\nUntypedStorage\n";
  parts.count = Int(12);
  parts.rest = "\x89}ctorch\nuint16\n";
  EMB_ASSERT_OK_AND_ASSIGN(
      const ReadTable shorts,
      ReadAllRows(
          Zip(TensorPickle(parts), BytesOf<uint16_t>({1, 2, 3, 4, 5, 6}))));
  EXPECT_EQ(shorts.values, kValues);
  // Written on a big-endian machine.
  TensorParts bytes;
  bytes.type = "ctorch\nShortStorage\n";
  EMB_ASSERT_OK_AND_ASSIGN(
      const ReadTable big,
      ReadAllRows(Zip(TensorPickle(bytes),
                      std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12), "big")));
  EXPECT_EQ(big.values, kValues);
}

TEST(Torch, RefusesTensorsOfAnotherForm) {
  const struct {
    std::string name;
    std::string TensorParts::*part;
    std::string value;
    std::string complaint;
  } cases[] = {
      {"another function", &TensorParts::rebuild,
       "ctorch._utils\n_rebuild_qtensor\n",
       "\"torch._utils._rebuild_qtensor\" would be imported"},
      {"a type called", &TensorParts::rebuild, "ctorch\nFloatStorage\n",
       "a call of \"torch.FloatStorage\", not read"},
      {"a module", &TensorParts::tag, Text("module"), "as torch.save does"},
      {"no type", &TensorParts::type, "N", "as torch.save does"},
      {"a type that is none", &TensorParts::type, "ctorch\nfloat32\n",
       "\"torch.float32\" is no storage"},
      {"bool", &TensorParts::type, "ctorch\nBoolStorage\n",
       "24 bytes, want 6 x 1"},
      {"another storage", &TensorParts::key, Text("1"),
       "storage \"1\" is missing"},
      {"more elements", &TensorParts::count, Int(7), "24 bytes, want 7 x 4"},
      {"fewer elements", &TensorParts::count, Int(5), "24 bytes, want 5 x 4"},
      {"2^62 elements", &TensorParts::count, Int(int64_t{1} << 62),
       "24 bytes, want 4611686018427387904 x 4"},
      {"negative", &TensorParts::count, Int(-1), "as torch.save does"},
      {"a view of a storage", &TensorParts::view, ")", "a view of another"},
      {"an offset too far", &TensorParts::offset, Int(1), "truncated: shape"},
      {"2^62", &TensorParts::offset, Int(int64_t{1} << 62), "beyond 2^63"},
      {"a negative offset", &TensorParts::offset, Int(-1), "as torch.save"},
      {"a longer shape", &TensorParts::shape, Int(3) + Int(3) + "\x86",
       "truncated: shape (3, 3)"},
      {"a shape that overflows", &TensorParts::shape,
       Int(int64_t{1} << 62) + Int(3) + "\x86", "is beyond 2^63"},
      {"a negative extent", &TensorParts::shape, Int(-2) + Int(3) + "\x86",
       "extents and strides of 0 and more"},
      {"no tuple", &TensorParts::shape, Int(6), "a tuple of integers"},
      {"one axis", &TensorParts::shape, Int(6) + "\x85", "more axes than"},
      {"a longer stride", &TensorParts::strides, Int(4) + Int(1) + "\x86",
       "truncated: shape"},
      {"a negative stride", &TensorParts::strides, Int(-3) + Int(1) + "\x86",
       "0 and more"},
      {"conjugated", &TensorParts::rest, "\x89}}" + Text("conj") + "\x88s",
       "conjugated or negated"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    TensorParts parts;
    parts.*c.part = c.value;
    EXPECT_THAT(ReadAllRows(Zip(TensorPickle(parts), BytesOf(kValues))),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(Torch, RefusesOtherArchives) {
  const std::string data = BytesOf(kValues);
  const std::string tensor = TensorPickle({});
  const std::string pickle = "\x80\x02" + tensor + ".";
  const ZipEntry storage = {.name = "m/data/0", .content = data};
  // Each dict holds the one before twice: 2^40 tensors for who counts them.
  std::string laughs = tensor + "q\1";
  for (int i = 0; i < 40; ++i)
    laughs += "}(" + Text("a") + "h\1" + Text("b") + "h\1uq\1";
  laughs = "](" + laughs + "e";
  const struct {
    std::string name;
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"no storage",
       ZipBuilder().Add({.name = "m/data.pkl", .content = pickle}).Finish(),
       "storage \"0\" is missing"},
      {"two pickles",
       ZipBuilder()
           .Add({.name = "m/data.pkl", .content = pickle})
           .Add({.name = "n/data.pkl", .content = pickle})
           .Finish(),
       "two members named data.pkl"},
      {"bytes after the pickle",
       ZipBuilder()
           .Add({.name = "m/data.pkl", .content = pickle + "N"})
           .Add(storage)
           .Finish(),
       "bytes after the pickle"},
      {"no tensor", Zip("}", data), "there is no tensor in it"},
      {"a number", Zip("K\1", data), "there is no tensor in it"},
      {"byteorder", Zip(tensor, data, "middle"), "neither little nor big"},
      {"a billion laughs", Zip(laughs, data), "over 4194304 values"},
      {"a list in itself",
       Zip("]q\1h\1"
           "a",
           data),
       "nested deeper than 64"},
      {"a pickle without torch", "\x80\x02}.", "a Python pickle, want npy"},
      {"a stream of another version",
       "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.\x80\x02K\1.",
       "not version 1001"},
      {"a key of no tensor", Stream(tensor, Text("9") + "a", ""),
       "storage \"9\" belongs to no tensor"},
      {"no storages", Stream(tensor, Text("0") + "a", ""), "reaches past"},
      {"a storage cut off",
       Stream(tensor, Text("0") + "a", LittleEndianBytes(6, 8) + "1234"),
       "reaches past the end"},
      {"another number of elements",
       Stream(tensor, Text("0") + "a", LittleEndianBytes(5, 8) + data),
       "its number of elements, want 6"},
      {"bytes after it",
       Stream(tensor, Text("0") + "a", LittleEndianBytes(6, 8) + data + "x"),
       "bytes after the storages"},
      {"none of the keys", Stream(tensor, "", ""), "storage \"0\" is missing"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAllRows(c.bytes),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  ReadOptions options;
  options.tensor = "x";
  EXPECT_THAT(ReadAllRows(Zip(tensor, data), options),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("one tensor without a name")));
}

}  // namespace
}  // namespace emb
