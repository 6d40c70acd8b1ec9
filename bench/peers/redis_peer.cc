#include "bench/peers/redis_peer.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace emb::bench {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

absl::Status Failure(const redisContext& context) {
  return absl::UnavailableError(absl::StrCat("redis: ", context.errstr));
}

// The arguments of a command, as hiredis takes them.
class Command {
 public:
  void Start(absl::string_view verb) {
    arguments_.clear();
    lengths_.clear();
    Add(verb.data(), verb.size());
  }

  // The bytes must live until the command is appended.
  void Add(const void* bytes, size_t size) {
    arguments_.push_back(static_cast<const char*>(bytes));
    lengths_.push_back(size);
  }

  int AppendTo(redisContext* context) {
    return redisAppendCommandArgv(context, static_cast<int>(arguments_.size()),
                                  arguments_.data(), lengths_.data());
  }

 private:
  std::vector<const char*> arguments_;
  std::vector<size_t> lengths_;
};

class RedisConnection final : public PipelinedConnection {
 public:
  explicit RedisConnection(Context context) : context_(std::move(context)) {}

  absl::Status Store(absl::Span<const int64_t> ids,
                     absl::Span<const std::byte> rows) {
    command_.Start("MSET");
    for (size_t i = 0; i < ids.size(); ++i) {
      command_.Add(&ids[i], sizeof(int64_t));
      command_.Add(rows.data() + i * kRowBytes, kRowBytes);
    }
    absl::Status status = SendCommand();
    if (!status.ok()) return status;
    const auto reply = NextReply();
    if (!reply.ok()) return reply.status();
    if ((*reply)->type == REDIS_REPLY_STATUS) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("redis: MSET: ", (*reply)->str));
  }

 protected:
  absl::Status Send(absl::Span<const int64_t> ids) override {
    command_.Start("MGET");
    for (const int64_t& id : ids) command_.Add(&id, sizeof(id));
    return SendCommand();
  }

  absl::StatusOr<absl::Span<const std::byte>> Receive(
      int64_t num_ids) override {
    const auto reply = NextReply();
    if (!reply.ok()) return reply.status();
    const redisReply& all = **reply;
    const auto count = static_cast<size_t>(num_ids);
    if (all.type != REDIS_REPLY_ARRAY || all.elements != count) {
      return absl::InternalError("redis: MGET: not an array of the rows");
    }
    answer_.resize(std::max(answer_.size(), count * kRowBytes));
    for (size_t i = 0; i < count; ++i) {
      const redisReply& row = *all.element[i];
      if (row.type != REDIS_REPLY_STRING || row.len != kRowBytes) {
        return absl::NotFoundError(absl::StrCat("redis: no row at ", i));
      }
      std::memcpy(answer_.data() + i * kRowBytes, row.str, kRowBytes);
    }
    return absl::MakeConstSpan(answer_).first(count * kRowBytes);
  }

 private:
  // hiredis alone would send it only when it next has to wait for a reply.
  absl::Status SendCommand() {
    if (command_.AppendTo(context_.get()) != REDIS_OK) {
      return Failure(*context_);
    }
    int done = 0;
    while (done == 0) {
      if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
        return Failure(*context_);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Reply> NextReply() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) {
      return Failure(*context_);
    }
    return Reply(static_cast<redisReply*>(reply));
  }

  const Context context_;
  Command command_;
  std::vector<std::byte> answer_;
};

class RedisPeer final : public Peer {
 public:
  explicit RedisPeer(int port) : port_(port) {}

  absl::string_view name() const override { return "redis"; }

  absl::StatusOr<std::unique_ptr<PeerConnection>> Connect() override {
    return Open();
  }

  absl::Status Store(int64_t first_id,
                     absl::Span<const std::byte> rows) override {
    constexpr size_t kRowsPerCommand = 4'096;
    const auto connection = Open();
    if (!connection.ok()) return connection.status();
    std::vector<int64_t> ids(rows.size() / kRowBytes);
    std::iota(ids.begin(), ids.end(), first_id);
    absl::Status status;
    for (size_t i = 0; i < ids.size() && status.ok(); i += kRowsPerCommand) {
      status = (*connection)
                   ->Store(absl::MakeConstSpan(ids).subspan(i, kRowsPerCommand),
                           rows.subspan(i * kRowBytes));
    }
    return status;
  }

 private:
  absl::StatusOr<std::unique_ptr<RedisConnection>> Open() const {
    // hiredis sets TCP_NODELAY itself.
    Context context(redisConnect("127.0.0.1", port_));
    if (context == nullptr) return absl::ResourceExhaustedError("redis");
    if (context->err != 0) return Failure(*context);
    // 0: it does not give its read buffer back after a large reply.
    context->reader->maxbuf = 0;
    return std::make_unique<RedisConnection>(std::move(context));
  }

  const int port_;
};

}  // namespace

std::unique_ptr<Peer> MakeRedisPeer(int port) {
  return std::make_unique<RedisPeer>(port);
}

}  // namespace emb::bench
