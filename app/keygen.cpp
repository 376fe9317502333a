#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/verbs.hpp"
#include "config/keys.hpp"

namespace bourse::app {

namespace {

struct keygen_options {
  std::string file;
  bool show = false;
};

exit_code keygen(const keygen_options& o, const output& out) {
  auto key = o.show ? config::load_key(o.file) : messages::key_pair::generate();
  if (!key)
    return out.fail(key.error());
  if (!o.show)
    if (auto saved = config::save_key(o.file, *key); !saved)
      return out.fail(saved.error());
  auto identity = messages::to_hex(key->identity().view());
  if (out.json)
    out.print(nlohmann::json{{"file", o.file}, {"public_key", identity}});
  else
    out.line(identity);
  return exit_code::ok;
}

} // namespace

void add_keygen(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "keygen",
                        "Make a key of a replica or client, and print its public half",
                        "bourse keygen trader.key");
  auto o = std::make_shared<keygen_options>();
  verb->add_option("FILE", o->file, "Where the key goes (mode 0600); never overwritten")
      ->required();
  verb->add_flag("--show", o->show, "Make none: print the public half of the one that is there");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return keygen(*o, context.out);
    };
  });
}

} // namespace bourse::app
