#include "client/formats/npy.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AnyOf;
using testing::HasSubstr;

struct Refused {
  std::string name;
  std::string head;
  std::string complaint;
};

void ExpectRefused(const std::vector<Refused>& cases) {
  for (const Refused& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(ParseNpyHeader(c.head),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
}

const char kGoodDict[] =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

TEST(ParseNpyHeader, ReadsEveryVersion) {
  for (const int major : {1, 2, 3}) {
    SCOPED_TRACE(major);
    const std::string head = NpyHead(kGoodDict, major);
    EMB_ASSERT_OK_AND_ASSIGN(const NpyHeader header,
                             ParseNpyHeader(head + "elements"));
    EXPECT_EQ(header.descr, "<f4");
    EXPECT_FALSE(header.fortran_order);
    EXPECT_EQ(header.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(header.data_offset, static_cast<int64_t>(head.size()));
  }
}

TEST(ParseNpyHeader, ReadsEveryWayToWriteTheDict) {
  const struct {
    std::string dict;
    std::vector<int64_t> shape;
    bool fortran_order;
  } cases[] = {
      {"{'descr':'<f4','fortran_order':False,'shape':(2,3)}", {2, 3}, false},
      {R"({"shape": (3,), "fortran_order": True, "descr": "<f4"})", {3}, true},
      {"{'shape': (), 'descr': '<f4', 'fortran_order': False}", {}, false},
      {" { 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' , "
       "'fortran_order' : False , }  \n",
       {2, 3},
       false},
      {"{'shape': (0, 9223372036854775807), 'descr': '<f4', "
       "'fortran_order': False}",
       {0, std::numeric_limits<int64_t>::max()},
       false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.dict);
    EMB_ASSERT_OK_AND_ASSIGN(const NpyHeader header,
                             ParseNpyHeader(NpyHead(c.dict)));
    EXPECT_EQ(header.descr, "<f4");
    EXPECT_EQ(header.shape, c.shape);
    EXPECT_EQ(header.fortran_order, c.fortran_order);
  }
}

TEST(ParseNpyHeader, TakesPaddingOfAnyLength) {
  for (size_t blanks = 0; blanks < 130; ++blanks) {
    const std::string head =
        NpyHead(kGoodDict + std::string(blanks, ' ') + "\n");
    EMB_ASSERT_OK_AND_ASSIGN(const NpyHeader header, ParseNpyHeader(head));
    EXPECT_EQ(header.data_offset, static_cast<int64_t>(head.size()));
  }
}

TEST(ParseNpyHeader, SaysWhatOtherFilesSeemToBe) {
  ExpectRefused({
      {"empty", "", "not a .npy file but an empty file"},
      {"zip", "PK\x03\x04 and more", "a zip file (.npz or torch .pt)"},
      {"pickle", "\x80\x02}q", "a Python pickle"},
      {"safetensors", std::string("\x40\0\0\0\0\0\0\0{\"a\":", 13),
       "a .safetensors file"},
      {"text", "0.5\t0.25\n", "text"},
      {"UTF-8", "Am\xC3\xA9lie 0.5", "text"},
      {"binary", std::string("\0\0\x80\x3F", 4), "binary data"},
      {"wrong magic", "\x93NUMPX\x01" + std::string(9, '\0'),
       "not a .npy file"},
      {"magic in another place", " " + NpyHead(kGoodDict), "not a .npy file"},
  });
}

TEST(ParseNpyHeader, RefusesOtherVersionsAndLengths) {
  const std::string huge("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF", 12);
  ExpectRefused({
      {"version 0.0", NpyHead(kGoodDict, 0), "version 0.0, want 1.0"},
      {"version 1.1", NpyHead(kGoodDict, 1, 1), "version 1.1, want 1.0"},
      {"version 4.0", NpyHead(kGoodDict, 4), "version 4.0, want 1.0"},
      {"version 147.255", NpyHead(kGoodDict, 147, 255), "version 147.255"},
      {"magic alone", "\x93NUMPY", "cut off inside the header"},
      {"no minor version", "\x93NUMPY\x01", "cut off inside the header"},
      {"longer than the file", NpyHead(kGoodDict).substr(0, 40),
       "header of 59 bytes, but only 30 are there"},
      {"4 GiB", huge, "header of 4294967295 bytes, but only"},
      {"just too long", NpyHead(std::string(65'535, ' ')),
       "header of 65535 bytes, want less than 65536"},
      {"no header", NpyHead(""), "want a dict"},
      {"blanks only", NpyHead(std::string(65'526, ' ')), "want a dict"},
  });
}

TEST(ParseNpyHeader, RefusesOtherDicts) {
  const std::string rest = ", 'fortran_order': False, 'shape': (2, 3)}";
  const std::vector<Refused> dicts = {
      {"a list", "['descr', '<f4']", "want a dict"},
      {"a name", "dict()", "want a dict"},
      {"an empty dict", "{}", "want descr, fortran_order and shape"},
      {"no descr", "{'fortran_order': False, 'shape': (2, 3)}",
       "want descr, fortran_order and shape"},
      {"no order", "{'descr': '<f4', 'shape': (2, 3)}",
       "want descr, fortran_order and shape"},
      {"no shape", "{'descr': '<f4', 'fortran_order': False}",
       "want descr, fortran_order and shape"},
      {"unknown key", "{'extra': 1, 'descr': '<f4'" + rest,
       "unknown key \"extra\""},
      {"key twice", "{'descr': '<f4', 'descr': '<f8'" + rest, "descr twice"},
      {"shape twice", "{'shape': (2,), 'descr': '<f4'" + rest, "shape twice"},
      {"bare key", "{descr: '<f4'" + rest, "want a string"},
      {"no colon", "{'descr' '<f4'" + rest, "want ':' after a key"},
      {"no comma", "{'descr': '<f4' 'fortran_order': False}",
       "want ',' or '}'"},
      {"two commas", "{'descr': '<f4',," + rest, "want a string"},
      {"open string", "{'descr': '<f4", "a string does not end"},
      {"quotes that differ", "{'descr': '<f4\"}", "a string does not end"},
      {"open dict", "{'descr': '<f4', ", "want a string"},
      {"text after it", std::string(kGoodDict) + " x", "text after the dict"},
      {"a second dict", std::string(kGoodDict) + "{}", "text after the dict"},
      {"a zero byte after it", kGoodDict + std::string(1, '\0'),
       "text after the dict"},
      {"structured", "{'descr': [('a', '<f4'), ('b', '<i4')]" + rest,
       "structured elements, want numbers"},
      {"descr a number", "{'descr': 4" + rest, "want a string"},
      {"order a number", "{'fortran_order': 0}", "want True or False"},
      {"order in lower case", "{'fortran_order': false}", "want True or False"},
      {"order glued", "{'fortran_order': Falsey}", "want ',' or '}'"},
  };
  for (const Refused& c : dicts) {
    ExpectRefused({{c.name, NpyHead(c.head), c.complaint}});
  }
}

TEST(ParseNpyHeader, RefusesOtherShapes) {
  std::string rank_33 = "(";
  for (int i = 0; i < 33; ++i) rank_33 += "1, ";
  const std::vector<Refused> shapes = {
      {"a list", "[2, 3]", "want a tuple for shape"},
      {"a number", "6", "want a tuple for shape"},
      {"a string", "'(2, 3)'", "want a tuple for shape"},
      {"nested", "((2, 3),)", "an extent is no integer"},
      {"negative", "(-1, 3)", "an extent is no integer"},
      {"signed", "(+2, 3)", "an extent is no integer"},
      {"a float", "(2.0, 3)", "want ',' or ')'"},
      {"hexadecimal", "(0x2, 3)", "want ',' or ')'"},
      {"long of Python 2", "(2L, 3L)", "want ',' or ')'"},
      {"a name", "(None, 3)", "an extent is no integer"},
      {"only a comma", "(,)", "an extent is no integer"},
      {"2^63", "(9223372036854775808, 1)", "no integer of 64 bits"},
      {"40 digits", "(1000000000000000000000000000000000000000,)",
       "no integer of 64 bits"},
      {"no comma", "(2 3)", "want ',' or ')'"},
      {"open", "(2, 3", "an extent is no integer"},
      {"rank 33", rank_33 + ")", "rank over 32"},
  };
  for (const Refused& c : shapes) {
    ExpectRefused({{c.name, NpyHead(NpyDict("'<f4'", c.head)), c.complaint}});
  }
}

// Whatever is missing at the end, nothing is guessed.
TEST(ParseNpyHeader, RefusesAHeaderCutAtAnyByte) {
  for (const int major : {1, 2, 3}) {
    const std::string head = NpyHead(kGoodDict, major);
    for (size_t size = 1; size < head.size(); ++size) {
      SCOPED_TRACE(size);
      EXPECT_THAT(ParseNpyHeader(head.substr(0, size)),
                  StatusIs(StatusCode::kInvalidArgument,
                           AnyOf(HasSubstr("cut off inside the header"),
                                 HasSubstr("bytes, but only"))));
    }
  }
}

// The same with a length that agrees with what is left of the dict.
TEST(ParseNpyHeader, RefusesADictCutAtAnyByte) {
  const std::string dict = kGoodDict;
  for (size_t size = 0; size < dict.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_THAT(ParseNpyHeader(NpyHead(dict.substr(0, size))),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("header: ")));
  }
}

TEST(FormatNpyHeader, GivesBackDescrAndShape) {
  const std::vector<int64_t> shapes[] = {
      {}, {3}, {2, 3}, {0, 64}, {std::numeric_limits<int64_t>::max(), 1, 2}};
  for (const auto& shape : shapes) {
    const std::string head = FormatNpyHeader("<f4", shape);
    EXPECT_EQ(head.size() % 64, 0U);
    EXPECT_EQ(head.back(), '\n');
    EMB_ASSERT_OK_AND_ASSIGN(const NpyHeader header, ParseNpyHeader(head));
    EXPECT_EQ(header.descr, "<f4");
    EXPECT_FALSE(header.fortran_order);
    EXPECT_EQ(header.shape, shape);
    EXPECT_EQ(header.data_offset, static_cast<int64_t>(head.size()));
  }
}

TEST(FormatNpyHeader, WritesAsNumPyDoes) {
  EXPECT_THAT(FormatNpyHeader("<f4", {3}),
              HasSubstr("{'descr': '<f4', 'fortran_order': False, "
                        "'shape': (3,), }"));
  EXPECT_THAT(FormatNpyHeader("<f4", {2, 3}), HasSubstr("'shape': (2, 3), }"));
}

}  // namespace
}  // namespace emb
