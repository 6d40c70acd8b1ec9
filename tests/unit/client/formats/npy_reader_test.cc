#include "client/formats/npy_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"
#include "tests/unit/client/formats/read_rows.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

std::string Npy(const std::string& descr, const std::string& shape,
                const std::string& elements, bool fortran_order = false) {
  return NpyHead(NpyDict(descr, shape, fortran_order)) + elements;
}

template <typename T>
std::string Elements() {
  return BytesOf(std::vector<T>{1, 2, 3, 4, 5, 6});
}

std::string Reversed(std::string bytes, size_t width) {
  for (size_t i = 0; i < bytes.size(); i += width) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + width));
  }
  return bytes;
}

TEST(Npy, ReadsEveryTypeInBothByteOrders) {
  const struct {
    std::string code;
    size_t width;
    std::string elements;
  } cases[] = {
      {"f4", 4, Elements<float>()},
      {"f8", 8, Elements<double>()},
      {"i1", 1, Elements<int8_t>()},
      {"i2", 2, Elements<int16_t>()},
      {"i4", 4, Elements<int32_t>()},
      {"i8", 8, Elements<int64_t>()},
      {"u1", 1, Elements<uint8_t>()},
      {"u2", 2, Elements<uint16_t>()},
      {"u4", 4, Elements<uint32_t>()},
      {"u8", 8, Elements<uint64_t>()},
      {"f2", 2,
       BytesOf<uint16_t>({0x3C00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600})},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.code);
    EMB_ASSERT_OK_AND_ASSIGN(
        const ReadTable little,
        ReadAllRows(Npy("'<" + c.code + "'", "(2, 3)", c.elements)));
    EXPECT_EQ(little.values, kValues);
    EMB_ASSERT_OK_AND_ASSIGN(const ReadTable big,
                             ReadAllRows(Npy("'>" + c.code + "'", "(2, 3)",
                                             Reversed(c.elements, c.width))));
    EXPECT_EQ(big.values, kValues);
  }
}

TEST(Npy, ReadsFortranOrder) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const ReadTable table,
      ReadAllRows(Npy("'<f4'", "(2, 3)", Elements<float>(), true)));
  EXPECT_EQ(table.values, (std::vector<float>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, RefusesWhatIsNoTable) {
  const std::string six = BytesOf(kValues);
  const std::string bytes_48(48, '\0');
  const struct {
    std::string name;
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"one byte less", Npy("'<f4'", "(2, 3)", six.substr(1)),
       "truncated: 23 bytes of elements, want 24 for shape (2, 3) of float32"},
      {"no elements", Npy("'<f4'", "(2, 3)", ""),
       "truncated: 0 bytes of elements, want 24"},
      {"one byte more", Npy("'<f4'", "(2, 3)", six + "x"),
       "bytes after the elements: 25 bytes of elements, want 24"},
      {"header cut", Npy("'<f4'", "(2, 3)", "").substr(0, 30), "but only"},
      {"bool", Npy("'|b1'", "(4, 6)", six), "bool (|b1), want float16"},
      {"complex", Npy("'<c8'", "(2, 3)", bytes_48), "complex64 (<c8)"},
      {"float128", Npy("'<f16'", "(1, 3)", bytes_48), "float128 (<f16)"},
      {"text", Npy("'<U2'", "(2, 3)", bytes_48), "elements of type \"<U2\""},
      {"objects", Npy("'|O'", "(2, 3)", "pickle"), "Python objects (|O)"},
      {"times", Npy("'<M8[ns]'", "(2, 3)", bytes_48), "type \"<M8[ns]\""},
      {"structured", Npy("[('a', '<f4')]", "(2, 3)", six),
       "structured elements"},
      {"no type", Npy("''", "(2, 3)", six), "elements of type \"\""},
      {"negative width", Npy("'<f-4'", "(2, 3)", six), "type \"<f-4\""},
      {"width beyond 64 bits", Npy("'<U9223372036854775807'", "(2, 3)", six),
       "elements of type \"<U92233"},
      {"a scalar", Npy("'<f4'", "()", BytesOf<float>({1})),
       "shape (), want two axes (rows, dim)"},
      {"one axis", Npy("'<f4'", "(6,)", six), "shape (6,), want two axes"},
      {"three axes", Npy("'<f4'", "(1, 2, 3)", six), "shape (1, 2, 3), want"},
      {"no rows", Npy("'<f4'", "(0, 3)", ""), "want at least one row"},
      {"no columns", Npy("'<f4'", "(2, 0)", ""), "want at least one row"},
      {"2^64 elements", Npy("'<f4'", "(4294967296, 4294967296)", six),
       "is beyond 2^63"},
      {"2^63 bytes", Npy("'<f4'", "(2147483648, 2147483648)", six),
       "is beyond 2^63 bytes"},
      {"2^64 elements and none",
       Npy("'<f4'", "(0, 4294967296, 4294967296)", ""), "is beyond 2^63"},
      {"too wide", Npy("'<f4'", "(1, 1048577)", std::string(4194308, '\0')),
       "want at most 1048576 columns"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAllRows(c.bytes),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

}  // namespace
}  // namespace emb
