#include "server/authorizer.h"

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/status_macros.h"
#include "server/log.h"
#include "server/small_file.h"

namespace emb {
namespace {

constexpr size_t kNameBytesMax = 128;

absl::StatusOr<std::shared_ptr<const AccessTokens>> ReadTokenFile(
    const std::string& path) {
  EMB_ASSIGN_OR_RETURN(const std::string text,
                       ReadSmallFile("--token_file", path, kTokenFileBytesMax));
  auto tokens = AccessTokens::Parse(text);
  if (!tokens.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--token_file \"", path, "\": ", tokens.status().message()));
  }
  Log(LogLevel::kInfo, "tokens_loaded",
      {{"file", path},
       {"tokens", static_cast<int64_t>(tokens->tokens().size())}});
  return std::make_shared<const AccessTokens>(*std::move(tokens));
}

// The token of `authorization: Bearer TOKEN`; empty: there is none.
absl::string_view BearerToken(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto [first, last] = metadata.equal_range("authorization");
  // Of two nobody knows which is meant.
  if (first == last || std::next(first) != last) return {};
  absl::string_view value(first->second.data(), first->second.size());
  constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(value, kScheme)) return {};
  return value.substr(kScheme.size());
}

}  // namespace

std::string HostOfPeer(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix")) return "unix";
  if (absl::ConsumePrefix(&peer, "ipv6:")) {
    // Brackets, which gRPC may have escaped, and perhaps a zone.
    if (!absl::ConsumePrefix(&peer, "%5B")) absl::ConsumePrefix(&peer, "[");
    return std::string(peer.substr(0, peer.find_first_of("]%")));
  }
  absl::ConsumePrefix(&peer, "ipv4:");
  return std::string(peer.substr(0, peer.rfind(':')));
}

std::string Caller::Name() const {
  return token_ != nullptr ? token_->name : HostOfPeer(context_->peer());
}

absl::Status Caller::CheckMayUse(absl::string_view table) const {
  if (MayUse(table)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("token \"", token_->name, "\": not for table \"",
                   table.substr(0, kNameBytesMax), "\""));
}

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::Create(
    const std::string& token_file, absl::Duration reload_interval) {
  std::string state = FileWatch::StateOf({token_file});
  EMB_ASSIGN_OR_RETURN(auto tokens, ReadTokenFile(token_file));
  auto authorizer = std::make_unique<Authorizer>();
  authorizer->token_file_ = token_file;
  authorizer->asks_for_tokens_ = true;
  authorizer->tokens_.Set(std::move(tokens));
  authorizer->watch_.emplace(FileWatch::Options{
      {token_file},
      std::move(state),
      reload_interval,
      [authorizer = authorizer.get()] { return authorizer->Reload(); },
      [](const absl::Status& status) {
        if (!status.ok()) LogFailure("token_reload_failed", status);
      }});
  return authorizer;
}

absl::StatusOr<Caller> Authorizer::Authorize(
    const grpc::ServerContextBase& context, Role needed) const {
  Caller caller(context);
  if (!asks_for_tokens_) return caller;
  const absl::string_view token = BearerToken(context);
  if (token.empty()) {
    return absl::UnauthenticatedError(
        "token: none was sent, want \"authorization: Bearer TOKEN\" (embctl "
        "--token-file, EMB_TOKEN_FILE)");
  }
  caller.tokens_ = tokens_.Get();
  caller.token_ = caller.tokens_->Find(token);
  if (caller.token_ == nullptr) {
    return absl::UnauthenticatedError("token: not one that this server knows");
  }
  if (caller.token_->role < needed) {
    return absl::PermissionDeniedError(absl::StrCat(
        "token \"", caller.token_->name, "\": has the role ",
        RoleName(caller.token_->role), ", want ", RoleName(needed)));
  }
  return caller;
}

absl::Status Authorizer::Reload() {
  if (!asks_for_tokens_) return absl::OkStatus();
  const MutexLock lock(reload_mutex_);
  EMB_ASSIGN_OR_RETURN(auto tokens, ReadTokenFile(token_file_));
  tokens_.Set(std::move(tokens));
  return absl::OkStatus();
}

}  // namespace emb
