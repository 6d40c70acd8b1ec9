#include "storage/record_format.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/byte_codec.h"
#include "storage/sealed_value.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/some_record.h"

namespace emb {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr ChunkHeader kPlace = {.generation = 7, .number = 3};

std::vector<std::byte> SomeRows() {
  std::vector<std::byte> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(static_cast<std::byte>(i * 7));
  return rows;
}

AppliedRequest SomeRequest() {
  return {.number = 12, .id = "a-b-c", .epoch = 9, .tables = {{1, 4}, {2, 8}}};
}

// Each kind of value, and whether its decoder takes it.
struct Kind {
  absl::string_view name;
  std::string value;
  std::function<absl::Status(absl::string_view)> decode;
};

std::vector<Kind> Kinds() {
  return {
      {"chunk", EncodeChunk(kPlace, SomeRows()),
       [](absl::string_view value) {
         return DecodeChunk(kPlace, value).status();
       }},
      {"version record", EncodeVersionRecord(SomeRecord()),
       [](absl::string_view value) {
         return DecodeVersionRecord(value).status();
       }},
      {"row patch", EncodePatch({.generation = 7, .row = 3}, SomeRows()),
       [](absl::string_view value) {
         return DecodePatch({.generation = 7, .row = 3}, value).status();
       }},
      {"request record", EncodeRequestRecord(SomeRequest()),
       [](absl::string_view value) {
         return DecodeRequestRecord(value).status();
       }},
      {"current record", EncodeCurrentRecord(9),
       [](absl::string_view value) {
         return DecodeCurrentRecord(value).status();
       }},
      {"commit record",
       EncodeCommitRecord({.epoch = 12, .next_generation = 65}),
       [](absl::string_view value) {
         return DecodeCommitRecord(value).status();
       }},
      {"format record", EncodeFormatRecord(), CheckFormatRecord},
  };
}

// The value with its checksum made right again.
std::string Resealed(std::string value) {
  value.resize(value.size() - kChecksumBytes);
  return Seal(std::move(value));
}

TEST(RecordFormat, TakesBackWhatItWrote) {
  for (const Kind& kind : Kinds()) {
    EMB_EXPECT_OK(kind.decode(kind.value)) << kind.name;
  }
}

TEST(RecordFormat, NoticesTruncationAtEveryLength) {
  for (const Kind& kind : Kinds()) {
    for (size_t size = 0; size < kind.value.size(); ++size) {
      EXPECT_THAT(kind.decode(kind.value.substr(0, size)),
                  StatusIs(absl::StatusCode::kDataLoss,
                           HasSubstr(std::string(kind.name))))
          << kind.name << " of " << size << " bytes";
    }
  }
}

TEST(RecordFormat, NoticesEveryFlippedBit) {
  for (const Kind& kind : Kinds()) {
    for (size_t bit = 0; bit < kind.value.size() * 8; ++bit) {
      std::string damaged = kind.value;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      EXPECT_THAT(kind.decode(damaged), StatusIs(absl::StatusCode::kDataLoss))
          << kind.name << " bit " << bit;
    }
  }
}

// Fields that end early or late are refused even if the checksum is right,
// and no cut makes a decoder read past the end.
TEST(RecordFormat, RefusesOtherLengthsUnderARightChecksum) {
  for (const Kind& kind : Kinds()) {
    SCOPED_TRACE(kind.name);
    const std::string body =
        kind.value.substr(0, kind.value.size() - kChecksumBytes);
    for (size_t size = 5; size < body.size(); ++size) {
      EXPECT_THAT(kind.decode(Seal(body.substr(0, size))),
                  StatusIs(absl::StatusCode::kDataLoss))
          << size;
    }
    EXPECT_THAT(kind.decode(Seal(body + '\0')),
                StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(kind.decode(kind.value + '\0'),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(RecordFormat, RefusesOtherFormatVersionsByNumber) {
  for (const Kind& kind : Kinds()) {
    SCOPED_TRACE(kind.name);
    std::string newer = kind.value;
    newer[4] = 2;
    EXPECT_THAT(kind.decode(Resealed(newer)),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("format version 2, this build reads "
                                   "versions up to 1")));
    newer[4] = 0;
    EXPECT_THAT(kind.decode(Resealed(newer)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version 0")));
  }
}

TEST(RecordFormat, RefusesOneKindForAnother) {
  const std::vector<Kind> kinds = Kinds();
  for (const Kind& kind : kinds) {
    for (const Kind& other : kinds) {
      if (&kind == &other) continue;
      EXPECT_THAT(kind.decode(other.value),
                  StatusIs(absl::StatusCode::kDataLoss,
                           HasSubstr("another kind of value")))
          << kind.name << " from " << other.name;
    }
  }
}

// Whatever one changed byte does under a right checksum, it is refused or it
// is another valid value; it never crashes.
TEST(RecordFormat, SurvivesEveryChangedByteUnderARightChecksum) {
  for (const Kind& kind : Kinds()) {
    for (size_t i = 0; i < kind.value.size() - kChecksumBytes; ++i) {
      for (int byte = 0; byte < 256; byte += 5) {
        std::string changed = kind.value;
        changed[i] = static_cast<char>(byte);
        EXPECT_THAT(kind.decode(Resealed(changed)),
                    AnyOf(IsOk(), StatusIs(absl::StatusCode::kDataLoss),
                          StatusIs(absl::StatusCode::kFailedPrecondition)))
            << kind.name << " byte " << i << " = " << byte;
      }
    }
  }
}

TEST(Chunk, GivesItsRowsBackInPlace) {
  const std::vector<std::byte> rows = SomeRows();
  const std::string value = EncodeChunk(kPlace, rows);
  EMB_ASSERT_OK_AND_ASSIGN(const auto decoded, DecodeChunk(kPlace, value));
  EXPECT_EQ(decoded, absl::MakeConstSpan(rows));
  EXPECT_EQ(reinterpret_cast<const char*>(decoded.data()), value.data() + 32);
}

// A chunk that lies under another's key has a right checksum all the same.
TEST(Chunk, IsRefusedInAnotherPlace) {
  const std::string value = EncodeChunk(kPlace, SomeRows());
  EXPECT_THAT(DecodeChunk({.generation = 8, .number = 3}, value),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("generation 8 chunk 3: holds generation 7 "
                                 "chunk 3")));
  EXPECT_THAT(DecodeChunk({.generation = 7, .number = 4}, value),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("generation 7 chunk 4: holds generation 7 "
                                 "chunk 3")));
}

// docs/format.md by hand; the checksums are xxhsum's:
//   printf "EMBF\x01" | xxhsum -H3   gives 9a1dd2519e504d36
TEST(RecordFormat, WritesTheDocumentedBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeFormatRecord()),
            "454d424601364d509e51d21d9a");
  const std::vector<std::byte> rows(4, std::byte{0xab});
  EXPECT_EQ(absl::BytesToHexString(EncodeChunk({7, 3}, rows).substr(0, 36)),
            "454d424b01000000"
            "0700000000000000"
            "0300000000000000"
            "0400000000000000"
            "abababab");
  EXPECT_EQ(absl::BytesToHexString(
                EncodeCommitRecord({.epoch = 258, .next_generation = 65})
                    .substr(0, 21)),
            "454d424301"
            "0201000000000000"
            "4100000000000000");
}

TEST(Records, RefuseNumbersOutOfRange) {
  EXPECT_THAT(DecodeCurrentRecord(EncodeCurrentRecord(0)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version")));
  EXPECT_THAT(DecodeCurrentRecord(EncodeCurrentRecord(-1)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version")));
  EXPECT_THAT(DecodeCommitRecord(
                  EncodeCommitRecord({.epoch = 1, .next_generation = 0})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("generation")));
}

TEST(Keys, SortAsTheirNumbers) {
  EXPECT_LT(ChunkKey(1, 255), ChunkKey(1, 256));
  EXPECT_LT(ChunkKey(1, INT64_MAX), ChunkKey(2, 0));
  EXPECT_LT(ChunkKey(255, 0), ChunkKey(256, 0));
  EXPECT_LT(VersionRecordKey("a", 255), VersionRecordKey("a", 256));
  EXPECT_LT(VersionRecordKey("a", INT64_MAX), VersionRecordKey("a-b", 1));
  EXPECT_LT(kFormatRecordKey, kCommitRecordKey);
  EXPECT_LT(kCommitRecordKey, CurrentRecordKey("-"));
  EXPECT_LT(CurrentRecordKey("zz"), VersionRecordKey("-", 1));
}

TEST(Keys, AreTakenApart) {
  EXPECT_EQ(GenerationOfChunkKey(ChunkKey(0x8070605040302010, 5)),
            0x8070605040302010);
  EXPECT_EQ(GenerationOfChunkKey("short"), std::nullopt);
  EXPECT_EQ(GenerationOfChunkKey(std::string(17, 'x')), std::nullopt);
  EXPECT_EQ(TableOfCurrentRecordKey(CurrentRecordKey("users")), "users");
  EXPECT_EQ(TableOfCurrentRecordKey("T"), std::nullopt);
  EXPECT_EQ(TableOfCurrentRecordKey(VersionRecordKey("T", 1)), std::nullopt);
  EXPECT_EQ(TableOfCurrentRecordKey(kFormatRecordKey), std::nullopt);
}

TEST(CheckChunk, WantsTheNextOrTheLast) {
  EMB_EXPECT_OK(CheckChunk(1, 0, 0, 1));
  EMB_EXPECT_OK(CheckChunk(1, 3, 3, kChunkBytesMax));
  EMB_EXPECT_OK(CheckChunk(1, 3, 2, 1));
  const struct {
    int64_t num_chunks;
    int64_t number;
    size_t rows_bytes;
    absl::string_view complaint;
  } cases[] = {
      {0, 1, 4, "chunk 1: want chunk 0"},
      {0, -1, 4, "chunk -1: want chunk 0"},
      {3, 1, 4, "chunk 1: want chunk 3"},
      {3, 4, 4, "chunk 4: want chunk 3"},
      {3, 3, 0, "0 bytes of rows, want 1 to 67108864"},
      {3, 3, kChunkBytesMax + 1, "67108865 bytes of rows, want 1 to"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(CheckChunk(1, c.num_chunks, c.number, c.rows_bytes),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(std::string(c.complaint))));
  }
}

TEST(ChunkRows, IsAbout256KiBAndAtLeastOneRow) {
  EXPECT_EQ(ChunkRows(1), 262'144);
  EXPECT_EQ(ChunkRows(256), 1'024);
  EXPECT_EQ(ChunkRows(300), 873);
  EXPECT_EQ(ChunkRows(262'144), 1);
  EXPECT_EQ(ChunkRows(262'145), 1);
  EXPECT_EQ(ChunkRows(int64_t{1} << 40), 1);
}

}  // namespace
}  // namespace emb
