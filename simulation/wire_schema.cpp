#include "simulation/wire_schema.hpp"

#include <set>
#include <sstream>

#include "messages/assert.hpp"

namespace bourse::simulation {

namespace {

std::string without_comments(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    auto end = std::min(text.find('\n', i), text.size() - 1);
    auto line = text.substr(i, end + 1 - i);
    line = line.substr(0, line.find("//"));
    out += line;
    out += '\n';
    i = end + 1;
  }
  return out;
}

/// Names and numbers; each other character on its own.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  bool open = false;
  for (char c : without_comments(text)) {
    bool letter = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '"'
                  || c == '/';
    if (letter && open)
      out.back() += c;
    else if (!std::isspace(static_cast<unsigned char>(c)))
      out.emplace_back(1, c);
    open = letter;
  }
  return out;
}

} // namespace

wire_schema::wire_schema(std::string_view proto) {
  auto words = words_of(proto);
  std::set<std::string> enums;
  std::size_t i = 0;
  auto skip_block = [&] {
    while (words[i] != "}")
      ++i;
    ++i;
  };
  auto read_field = [&](std::vector<wire_field>& to) {
    wire_field f;
    f.repeated = words[i] == "repeated";
    i += f.repeated || words[i] == "optional" ? 1 : 0;
    auto type = words[i];
    f.name = words[i + 1];
    BOURSE_ASSERT(words[i + 2] == "=");
    f.number = static_cast<std::uint32_t>(std::stoul(words[i + 3]));
    while (words[i++] != ";") {
    }
    if (type == "fixed64" || type == "sfixed64")
      f.kind = wire_field::form::fixed64;
    else if (type == "bytes" || type == "string")
      f.kind = wire_field::form::bytes;
    else if (std::isupper(static_cast<unsigned char>(type[0])) && !enums.contains(type)) {
      f.kind = wire_field::form::bytes;
      f.message = type;
    }
    to.push_back(std::move(f));
  };
  for (std::size_t k = 0; k + 1 < words.size(); ++k)
    if (words[k] == "enum")
      enums.insert(words[k + 1]);
  while (i < words.size()) {
    if (words[i] == "enum") {
      skip_block();
    } else if (words[i] == "message") {
      auto& fields = messages_[words[i + 1]];
      for (i += 3; words[i] != "}";) {
        if (words[i] == "oneof") {
          for (i += 3; words[i] != "}";)
            read_field(fields);
          ++i;
        } else {
          read_field(fields);
        }
      }
      ++i;
    } else {
      ++i; // of statements at the top none matters here
    }
  }
}

const std::vector<wire_field>& wire_schema::of(const std::string& message) const {
  auto found = messages_.find(message);
  BOURSE_ASSERT(found != messages_.end());
  return found->second;
}

const wire_schema& wire_schema::built_in() {
  static const wire_schema all{proto_text()};
  return all;
}

} // namespace bourse::simulation
