#include "app/config_commands.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::Not;

settings_sources sources(const std::string& text, config::environment variables = {}) {
  settings_sources from;
  from.environment = std::move(variables);
  from.config_file = "sluice.yaml";
  from.read = [text](const std::string&) { return text; };
  return from;
}

const std::string good =
    "server: {listen: '127.0.0.1:9000'}\n"
    "auth: {insecure_tokens: [hush-1]}\n"
    "providers: {openai: {type: openai, api_key: hush-2, headers: {X-Key: hush-3}}, mock: {type: mock}}\n"
    "models:\n- {name: m, targets: [{provider: openai, model: '12'}]}\n";

TEST(config_check, says_ok_or_everything_that_is_wrong) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(config_check(sources(good), out, err), exit_fine);
  EXPECT_THAT(out.str(), HasSubstr("ok: sluice.yaml\n"));
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(config_check(sources("a: 1\nb: ${C}"), out, err), exit_configuration);
  EXPECT_THAT(err.str(), HasSubstr("sluice.yaml:2:4: the environment variable C is not set"));
}

TEST(config_check, refuses_variables_that_set_nothing) {
  const auto check = [](const config::environment& variables) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = config_check(sources(good + "database: {url: 'sqlite:${SLUICE_FILE}'}\n", variables), out, err);
    EXPECT_EQ(code, err.str().empty() ? exit_fine : exit_configuration);
    return err.str();
  };
  const auto with = [&check](const std::string& name) { return check({{"SLUICE_FILE", "x.db"}, {name, "1"}}); };
  EXPECT_EQ(with("SLUICE_FROB"), "SLUICE_FROB: sets no key; the command \"config env\" lists the variables that do\n");
  EXPECT_EQ(with("SLUICE_LOG_LEVEL"), "SLUICE_LOG_LEVEL: sets no key, did you mean \"SLUICE_TELEMETRY__LOG_LEVEL\"?\n");
  EXPECT_EQ(with("SLUICE_SERVER_WORKERS"),
            "SLUICE_SERVER_WORKERS: sets no key, did you mean \"SLUICE_SERVER__WORKERS\"?\n");
  for (const char* const fine : {"SLUICE_CONFIG", "SLUICE_TOKEN", "SLUICE_PORT", "SLUICE_PORT_8080_TCP_ADDR",
                                 "SLUICE_SERVICE_HOST", "SLUICE_AGENT_SERVICE_PORT_GRPC", "SLUICEFROB"})
    EXPECT_EQ(with(fine), "") << fine;
}

TEST(config_print, shows_what_was_said_without_secrets) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(config_print(sources(good), {}, out, err), exit_fine);
  EXPECT_EQ(out.str(),
            "server:\n"
            "  listen: \"127.0.0.1:9000\"\n"
            "auth:\n"
            "  insecure_tokens:\n"
            "    - \"********\"\n"
            "providers:\n"
            "  mock:\n"
            "    type: mock\n"
            "  openai:\n"
            "    type: openai\n"
            "    api_key: \"********\"\n"
            "    headers:\n"
            "      X-Key: \"********\"\n"
            "models:\n"
            "  - name: m\n"
            "    targets:\n"
            "      - provider: openai\n"
            "        model: \"12\"\n");
}

TEST(config_print, effective_shows_every_key_and_where_it_was_set) {
  std::ostringstream out;
  std::ostringstream err;
  auto from = sources(good, {{"SLUICE_SERVER__WORKERS", "2"}});
  from.flags.push_back({"--log-level", "telemetry.log_level", "debug"});
  EXPECT_EQ(config_print(from, {.effective = true}, out, err), exit_fine);
  EXPECT_THAT(out.str(), HasSubstr("  listen: \"127.0.0.1:9000\"  # sluice.yaml:1:18\n"));
  EXPECT_THAT(out.str(), HasSubstr("  workers: 2  # SLUICE_SERVER__WORKERS\n"));
  EXPECT_THAT(out.str(), HasSubstr("  log_level: debug  # --log-level\n"));
  EXPECT_THAT(out.str(), HasSubstr("    message_bytes: 256KiB  # default\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("hush")));
}

TEST(config_print, its_yaml_is_a_configuration_again) {
  std::ostringstream first;
  std::ostringstream second;
  std::ostringstream err;
  EXPECT_EQ(config_print(sources(good), {.effective = true}, first, err), exit_fine);
  EXPECT_EQ(config_print(sources(first.str()), {}, second, err), exit_fine) << err.str();
  EXPECT_THAT(second.str(), HasSubstr("message_bytes: 256KiB\n"));
}

TEST(config_print, json_parses) {
  std::ostringstream plain;
  std::ostringstream effective;
  std::ostringstream err;
  EXPECT_EQ(config_print(sources(good), {.json = true}, plain, err), exit_fine);
  EXPECT_EQ(boost::json::parse(plain.str()).at("models").at(0).at("targets").at(0).at("model"), "12");
  EXPECT_EQ(config_print(sources(good), {.effective = true, .json = true}, effective, err), exit_fine);
  const auto first = boost::json::parse(effective.str()).at(0);
  EXPECT_EQ(first.at("key"), "server.listen");
  EXPECT_EQ(first.at("value"), "127.0.0.1:9000");
  EXPECT_EQ(first.at("origin"), "sluice.yaml:1:18");
}

TEST(config_schema, is_json_schema) {
  std::ostringstream out;
  EXPECT_EQ(config_schema(out), exit_fine);
  const auto schema = boost::json::parse(out.str());
  EXPECT_EQ(schema.at("additionalProperties"), false);
  const auto& workers = schema.at("properties").at("server").at("properties").at("workers");
  EXPECT_EQ(workers.at("maximum"), 1024);
  EXPECT_EQ(workers.at("default"), 0);
  const auto& types = schema.at("properties").at("providers").at("additionalProperties").at("oneOf");
  EXPECT_EQ(types.at(1).at("properties").at("type").at("const"), "openai");
}

TEST(config_env, lists_what_can_be_set) {
  std::ostringstream out;
  EXPECT_EQ(config_env(out), exit_fine);
  EXPECT_THAT(out.str(), HasSubstr("SLUICE_SERVER__LISTEN\n    an address and port"));
  EXPECT_THAT(out.str(), HasSubstr("SLUICE_PROVIDERS__<NAME>__API_KEY\n    a secret; default \"\"."));
  EXPECT_THAT(out.str(), HasSubstr("SLUICE_MODELS\n    a list of maps, as inline YAML"));
}

// With UPDATE_DOCS=1 in the environment, writes the page instead.
TEST(config_reference, the_page_in_docs_is_current) {
  const std::string path = SLUICE_SOURCE_DIR "/docs/configuration.md";
  std::ostringstream now;
  EXPECT_EQ(config_reference(now), exit_fine);
  if (std::getenv("UPDATE_DOCS")) std::ofstream(path) << now.str();
  std::ifstream from(path);
  const std::string there{std::istreambuf_iterator<char>(from), {}};
  EXPECT_EQ(there, now.str()) << "write it anew: UPDATE_DOCS=1 app_test";
}

}  // namespace
}  // namespace sluice::app
