// From a TOML document to a genesis, check by check. One object reads one file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/genesis.hpp"
#include "config/toml_reader.hpp"

namespace bourse::config {

class genesis_reader {
public:
  genesis_reader(std::string_view text, const std::string& file_name);

  /// The genesis, or the file's first complaint.
  expected<genesis> read();

private:
  using indices = std::map<std::string, std::size_t, std::less<>>;

  void read_consensus(toml_section& root);
  void read_limits(toml_section& root);
  void read_replicas(toml_section& root);
  void read_assets(toml_section& root);
  void read_instruments(toml_section& root);
  void read_instrument(toml_section& s);
  void read_accounts(toml_section& root);
  void read_balances(toml_section& s, market::account& to);
  void read_clients(toml_section& root);
  void read_client(toml_section& s);
  void read_fee_account(toml_section& root);

  /// A name that is well formed and new among `known`, which then has it too.
  static std::string new_name(toml_section& from, indices& known, std::string_view what);
  /// The index of what `key` names; complains, with the nearest name, and returns 0 if there is
  /// none.
  static std::size_t find(toml_section& from, std::string_view key, const std::string& name,
                          const indices& known, std::string_view what);
  /// An Ed25519 public key that no replica or client has so far.
  public_key new_key(toml_section& from, const std::string& owner);
  endpoint new_address(toml_section& from, std::string_view key, const std::string& owner);

  std::string_view text_;
  toml_document document_;
  genesis g_;
  indices assets_;
  indices instruments_;
  indices accounts_;
  indices clients_;
  std::map<public_key, std::string> key_owners_;
  std::map<std::string, std::string> address_owners_;
};

} // namespace bourse::config
