// What messages look like on the wire, read from the .proto files themselves: so that whoever wants
// to break every field of every message cannot forget one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bourse::simulation {

struct wire_field {
  enum class form : std::uint8_t { varint, fixed64, bytes };

  std::string name;
  std::uint32_t number = 0;
  form kind = form::varint;
  bool repeated = false;
  std::string message; ///< what it holds; empty: numbers or plain bytes
};

class wire_schema {
public:
  /// That of messages/*.proto as this program was built with it.
  static const wire_schema& built_in();
  /// Of the few constructs that these files use.
  explicit wire_schema(std::string_view proto);

  /// Aborts if there is no such message.
  const std::vector<wire_field>& of(const std::string& message) const;

private:
  std::map<std::string, std::vector<wire_field>> messages_;
};

/// The text of the .proto files.
std::string_view proto_text();

} // namespace bourse::simulation
