// The opcodes of Python's pickles.
//
// Source: Lib/pickletools.py (CPython).
#ifndef EMB_CLIENT_FORMATS_PICKLE_OPCODES_H_
#define EMB_CLIENT_FORMATS_PICKLE_OPCODES_H_

#include "absl/strings/string_view.h"

namespace emb {

// Those that are read.
enum class Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8A,
  kBinFloat = 'G',
  kShortBinString = 'U',
  kBinString = 'T',
  kBinUnicode = 'X',
  kShortBinUnicode = 0x8C,
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kMemoize = 0x94,
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
  kProto = 0x80,
  kFrame = 0x95,
};

// "REDUCE"; empty for a byte that is no opcode.
absl::string_view OpcodeName(unsigned char opcode);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_PICKLE_OPCODES_H_
