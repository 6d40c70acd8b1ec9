// Zip archives and the .npz files made of them.
#include "client/formats/npz_reader.h"

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

std::string Npy(const std::string& shape = "(2, 3)",
                bool fortran_order = false) {
  return NpyHead(NpyDict("'<f4'", shape, fortran_order)) + BytesOf(kValues);
}

ReadOptions Tensor(const std::string& name) {
  ReadOptions options;
  options.tensor = name;
  return options;
}

TEST(Npz, ReadsStoredAndDeflatedMembers) {
  for (const bool deflated : {false, true}) {
    for (const bool in_64_bits : {false, true}) {
      const ZipBuilder zip = ZipBuilder().Add({.name = "table.npy",
                                               .content = Npy(),
                                               .deflated = deflated,
                                               .in_64_bits = in_64_bits});
      for (const std::string& bytes :
           {zip.Finish(), zip.Finish("a comment"), zip.Finish64()}) {
        for (const size_t step : {1, 2, 100}) {
          EMB_ASSERT_OK_AND_ASSIGN(const ReadTable table,
                                   ReadAllRows(bytes, {}, step));
          EXPECT_EQ(table.format, Format::kNpz);
          EXPECT_EQ(table.values, kValues);
        }
      }
    }
  }
}

TEST(Npz, ReadsFortranOrderOfBoth) {
  const std::vector<float> want = {1, 3, 5, 2, 4, 6};
  for (const bool deflated : {false, true}) {
    EMB_ASSERT_OK_AND_ASSIGN(
        const ReadTable table,
        ReadAllRows(ZipBuilder()
                        .Add({.name = "t.npy",
                              .content = Npy("(2, 3)", true),
                              .deflated = deflated})
                        .Finish()));
    EXPECT_EQ(table.values, want);
  }
}

TEST(Npz, ReadsTheMemberThatIsNamed) {
  const std::string bytes =
      ZipBuilder()
          .Add({.name = "a.npy", .content = Npy()})
          .Add({.name = "b.npy", .content = Npy("(3, 2)")})
          .Add({.name = "readme.txt", .content = "hi"})
          .Finish();
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable b, ReadAllRows(bytes, Tensor("b")));
  EXPECT_EQ(b.rows, 3);
  EMB_ASSERT_OK_AND_ASSIGN(const ReadTable a,
                           ReadAllRows(bytes, Tensor("a.npy")));
  EXPECT_EQ(a.rows, 2);
  EXPECT_THAT(ReadAllRows(bytes),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("2 tensors, want --tensor to name one of "
                                 "\"a\", \"b\"")));
  EXPECT_THAT(ReadAllRows(bytes, Tensor("c")),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("no tensor \"c\", want \"a\", \"b\"")));
}

TEST(Npz, RefusesDamagedAndHostileArchives) {
  const ZipEntry good = {.name = "t.npy", .content = Npy()};
  const auto with = [&](auto change) {
    ZipEntry entry = good;
    change(entry);
    return ZipBuilder().Add(entry).Finish();
  };
  const std::string whole = ZipBuilder().Add(good).Finish();
  const std::string zeros(1'000'000, '\0');
  const struct {
    std::string name;
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"no end", whole.substr(0, whole.size() - 1), "no directory at the end"},
      {"bytes after it", whole + "x", "no directory at the end"},
      {"only the mark", "PK\x03\x04", "no directory at the end"},
      {"empty", ZipBuilder().Finish(), "a zip file of 0 members"},
      {"another zip", ZipBuilder().Add({.name = "a.txt"}).Finish(),
       "a zip file of 1 members, want one with .npy members"},
      {"encrypted", with([](ZipEntry& e) { e.flags = 1; }), "encrypted"},
      {"LZMA", with([](ZipEntry& e) { e.method = 14; }),
       "packed by method 14, want 0 (stored) or 8 (deflated)"},
      {"past the data", with([](ZipEntry& e) { e.packed_bytes = 1 << 20; }),
       "are past the data"},
      {"far past it", with([](ZipEntry& e) {
         e.in_64_bits = true;
         e.header_offset = INT64_MAX;
       }),
       "are past the data"},
      {"stored, but other sizes", with([](ZipEntry& e) { e.size_bytes = 1; }),
       "bytes do not unpack to 1"},
      {"more than deflate can pack", with([](ZipEntry& e) {
         e.deflated = true;
         e.in_64_bits = true;
         e.size_bytes = int64_t{1} << 40;
       }),
       "bytes do not unpack to 1099511627776"},
      {"a bomb that says less", with([&](ZipEntry& e) {
         e.deflated = true;
         e.content += zeros;
         e.size_bytes = static_cast<int64_t>(good.content.size());
       }),
       "more than the"},
      {"less than it says", with([](ZipEntry& e) {
         e.deflated = true;
         e.size_bytes = static_cast<int64_t>(e.content.size()) + 24;
       }),
       "damaged deflate data: it ends after"},
      {"no deflate stream", with([](ZipEntry& e) {
         e.method = 8;
         e.content = std::string(100, '\xFF');
       }),
       "damaged deflate data"},
      {"no header there", with([](ZipEntry& e) { e.header_offset = 1; }),
       "overlaps the directory"},
      {"twice", ZipBuilder().Add(good).Add(good).Finish(), "2 tensors"},
      {"overlapping",
       ZipBuilder()
           .Add(good)
           .Add({.name = "u.npy", .content = Npy(), .header_offset = 0})
           .Finish(),
       "overlaps the next member"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ReadAllRows(c.bytes),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

TEST(Npz, ComparesTheChecksum) {
  for (const bool deflated : {false, true}) {
    for (const bool fortran_order : {false, true}) {
      const std::string bytes =
          ZipBuilder()
              .Add({.name = "t.npy",
                    .content = Npy("(2, 3)", fortran_order),
                    .deflated = deflated,
                    .bad_crc = true})
              .Finish();
      EXPECT_THAT(ReadAllRows(bytes),
                  StatusIs(StatusCode::kDataLoss, HasSubstr("CRC-32")));
    }
  }
}

// Whatever is missing, nothing is guessed.
TEST(Npz, RefusesAnArchiveCutAtAnyByte) {
  const std::string whole =
      ZipBuilder()
          .Add({.name = "t.npy", .content = Npy(), .deflated = true})
          .Finish();
  ReadOptions options;
  options.format = "npz";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ReadAllRows(whole.substr(0, size), options),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("zip: ")));
  }
}

}  // namespace
}  // namespace emb
