// The least of a user's program: one row of the server at EMB_SERVER.
#include <emb/client.h>

#include <iostream>

int main() {
  emb::Feature item;
  item.table = "item";
  item.ids = {1};
  emb::LookupRequest request;
  request.features = {item};
  const auto client = emb::Client::Connect({});
  const auto result = client.ok() ? client->Lookup(request) : client.status();
  std::cout << result.status() << '\n';
  return result.ok() ? 0 : 1;
}
