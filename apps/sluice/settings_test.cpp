#include "app/settings.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/load_settings.hpp"
#include "app/wiring.hpp"

namespace sluice::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Sources with nothing but what a test puts in; `text` is what sluice.yaml holds.
settings_sources sources(const std::string& text = {}, const config::environment& variables = {}) {
  settings_sources from;
  from.environment = variables;
  from.searched_files.clear();
  if (!text.empty()) from.config_file = "sluice.yaml";
  from.read = [text](const std::string& path) -> std::expected<std::string, std::string> {
    if (path == "sluice.yaml") return text;
    if (path == "/run/secrets/openai_api_key") return "sk-from-file\n";
    return std::unexpected("No such file or directory");
  };
  return from;
}

std::vector<std::string> errors(const settings_sources& from) {
  std::vector<std::string> lines;
  const auto loaded = load_settings(from);
  if (loaded) return lines;
  for (const config::problem& each : loaded.error())
    lines.push_back(to_string(each));
  return lines;
}
std::vector<std::string> errors(const std::string& text) {
  return errors(sources(text));
}

TEST(settings, without_a_file_everything_can_be_tried_out) {
  const auto loaded = load_settings(sources());
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  const settings& told = loaded->told;
  EXPECT_EQ(told.server.listen, "127.0.0.1:8080");
  EXPECT_TRUE(told.server.allow_query_token);
  ASSERT_EQ(told.auth.insecure_tokens.size(), 1U);
  EXPECT_EQ(told.auth.insecure_tokens[0].reveal(), "123");
  EXPECT_EQ(std::get<mock_provider_settings>(told.providers.at("mock")).delay_ms, 20U);
  EXPECT_EQ(told.models.at(0).name, "mock");
  EXPECT_EQ(told.default_model, "mock");
  EXPECT_THAT(loaded->notices, ElementsAre(HasSubstr("insecure tokens are accepted")));
  EXPECT_EQ(loaded->file, "");
}

TEST(settings, without_a_file_keys_in_the_environment_add_providers) {
  const auto loaded = load_settings(sources({}, {{"OPENAI_API_KEY", "sk-1"},
                                                 {"OPENAI_BASE_URL", "http://127.0.0.1:9/v1"},
                                                 {"ANTHROPIC_API_KEY", "a"},
                                                 {"GEMINI_API_KEY", "g"}}));
  ASSERT_TRUE(loaded);
  const auto& openai = std::get<openai_provider_settings>(loaded->told.providers.at("openai"));
  EXPECT_EQ(openai.api_key.reveal(), "sk-1");
  EXPECT_EQ(openai.base_url, "http://127.0.0.1:9/v1");
  const auto& anthropic = std::get<anthropic_provider_settings>(loaded->told.providers.at("anthropic"));
  EXPECT_EQ(anthropic.api_key.reveal(), "a");
  EXPECT_EQ(anthropic.base_url, "https://api.anthropic.com");
  const auto& gemini = std::get<gemini_provider_settings>(loaded->told.providers.at("gemini"));
  EXPECT_EQ(gemini.api_key.reveal(), "g");
  EXPECT_EQ(gemini.base_url, "https://generativelanguage.googleapis.com");
  EXPECT_THAT(loaded->notices, ElementsAre(HasSubstr("insecure")));
  EXPECT_EQ(std::get<openai_provider_settings>(
                load_settings(sources({}, {{"OPENAI_API_KEY", "x"}}))->told.providers.at("openai"))
                .base_url,
            "https://api.openai.com/v1");
  const auto without_key = load_settings(sources({}, {{"OPENAI_BASE_URL", "http://127.0.0.1:9/v1"}}));
  ASSERT_TRUE(without_key);
  EXPECT_TRUE(std::get<openai_provider_settings>(without_key->told.providers.at("openai")).api_key.empty());
}

TEST(settings, flags_go_before_variables_before_the_file_before_defaults) {
  settings_sources from = sources("server: {listen: '127.0.0.1:1', workers: 3}\ntelemetry: {log_level: debug}\n",
                                  {{"SLUICE_SERVER__LISTEN", "127.0.0.1:2"}, {"SLUICE_TELEMETRY__LOG_LEVEL", "error"}});
  from.flags.push_back({"--listen", "server.listen", "127.0.0.1:3"});
  const auto loaded = load_settings(from);
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  EXPECT_EQ(loaded->told.server.listen, "127.0.0.1:3");
  EXPECT_EQ(loaded->told.telemetry.log_level, telemetry::log_level::error);
  EXPECT_EQ(loaded->told.server.workers, 3U);
  EXPECT_EQ(loaded->told.server.limits.message_bytes, 262144U);
  EXPECT_FALSE(loaded->told.server.allow_query_token);
}

TEST(settings, variables_reach_names_and_lists) {
  const auto loaded =
      load_settings(sources({}, {{"SLUICE_PROVIDERS__MOCK__DELAY_MS", "0"},
                                 {"SLUICE_PROVIDERS__LOCAL", "{type: openai, base_url: 'http://127.0.0.1:1/v1'}"},
                                 {"SLUICE_AUTH__INSECURE_TOKENS", "[]"},
                                 {"SLUICE_SERVER__LISTEN", "0.0.0.0:80"},
                                 {"SLUICE_SERVICE_SECRET", "used elsewhere"},
                                 {"SLUICE_PORT_8080_TCP", "tcp://10.0.0.1:8080"}}));
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  EXPECT_EQ(std::get<mock_provider_settings>(loaded->told.providers.at("mock")).delay_ms, 0U);
  EXPECT_EQ(std::get<openai_provider_settings>(loaded->told.providers.at("local")).base_url, "http://127.0.0.1:1/v1");
  EXPECT_THAT(loaded->told.auth.insecure_tokens, IsEmpty());
}

TEST(settings, variables_that_set_nothing_are_errors) {
  EXPECT_THAT(errors(sources({}, {{"SLUICE_SERVER__LISTN", "x"}})),
              ElementsAre("SLUICE_SERVER__LISTN: sets no key, did you mean \"SLUICE_SERVER__LISTEN\"?"));
  EXPECT_THAT(errors(sources({}, {{"SLUICE_DEFAULT_MODLE", "x"}})),
              ElementsAre("SLUICE_DEFAULT_MODLE: sets no key, did you mean \"SLUICE_DEFAULT_MODEL\"?"));
  EXPECT_THAT(
      errors(sources({}, {{"SLUICE_SERVER__WORKERS", "many"}})),
      ElementsAre("SLUICE_SERVER__WORKERS: server.workers: expected an integer from 0 to 1024, found \"many\""));
}

TEST(settings, every_mistake_is_reported_at_once_with_its_place) {
  EXPECT_THAT(
      errors("server:\n"
             "  listen: here\n"
             "  limits: {sockets: 0}\n"
             "models:\n"
             "  - modle: a\n"
             "    targets: [{provider: mock}]\n"
             "providers:\n"
             "  mock: {type: mok}\n"
             "  google: {type: gemni}\n"
             "telemetry: {log_format: xml}\n"),
      ElementsAre("sluice.yaml:2:11: server.listen: expected an address and port such as 127.0.0.1:8080 or [::1]:8080, "
                  "found \"here\"",
                  "sluice.yaml:3:21: server.limits.sockets: expected an integer from 1 to 10000000, found \"0\"",
                  "sluice.yaml:5:5: models[0]: the key \"name\" is missing (What clients ask for.)",
                  "sluice.yaml:5:5: unknown key \"modle\"; known are \"name\", \"targets\", \"context_tokens\", "
                  "\"fallback\"",
                  "sluice.yaml:8:16: providers.mock.type: unknown value \"mok\", did you mean \"mock\"?",
                  "sluice.yaml:9:18: providers.google.type: unknown value \"gemni\", did you mean \"gemini\"?",
                  "sluice.yaml:10:25: telemetry.log_format: expected one of text, json, found \"xml\""));
}

TEST(settings, what_is_planned_is_refused_and_not_ignored) {
  EXPECT_THAT(errors("generations: {durability: memory}"), ElementsAre(HasSubstr("\"generations.durability\"")));
  EXPECT_THAT(errors("models: [{name: ab, targets: [{provider: m}], fallback: [ab, ba, m/x, n/x]}]\n"
                     "providers: {m: {type: mock}}"),
              ElementsAre("sluice.yaml:1:58: the model \"ab\" cannot stand in for itself",
                          "sluice.yaml:1:62: models[0].fallback[1]: no model is called \"ba\", did you mean \"ab\"?",
                          "sluice.yaml:1:71: models[0].fallback[3]: no model is called \"n/x\""));
}

TEST(settings, shared_state_is_in_memory_or_in_a_redis) {
  EXPECT_EQ(load_settings(sources())->told.state.url, "memory:");
  EXPECT_THAT(errors("state: {url: 'rediss://me:hush@cache:7000/3', fail: closed, prefix: 'a:', timeout: 2s}"),
              IsEmpty());
  EXPECT_THAT(errors(sources({}, {{"SLUICE_STATE__URL", "redis://localhost"}})), IsEmpty());
  for (const std::string wrong :
       {"", "x", "redis:", "redis://:hush@", "redis-cluster://:hush@h", "http://me:hush@h", "redis://me:hush@h/db"}) {
    EXPECT_THAT(errors("state: {url: '" + wrong + "'}"),
                ElementsAre(AllOf(HasSubstr("sluice.yaml:1:14: state.url: "), Not(HasSubstr("hush")))))
        << wrong;
  }
  EXPECT_THAT(errors("state: {prefix: 'a{'}"), ElementsAre(HasSubstr("without braces")));
  EXPECT_THAT(errors("state: {fail: shut}"), ElementsAre(HasSubstr("expected one of open, local, closed")));
}

TEST(settings, names_must_be_defined_and_unique) {
  const std::string providers = "providers: {mock: {type: mock}}\n";
  EXPECT_THAT(errors(providers + "models:\n- {name: a, targets: [{provider: mcok}]}\n- {name: a, targets: []}\n"
                                 "- {name: b, targets: [{provider: mock, weight: 0}]}\ndefault_model: aa\n"),
              ElementsAre("sluice.yaml:3:34: no provider is called \"mcok\", did you mean \"mock\"?",
                          "sluice.yaml:4:10: the model \"a\" is defined twice",
                          "sluice.yaml:4:22: the model \"a\" has no targets",
                          "sluice.yaml:5:22: the model \"b\" has no target with a weight above 0",
                          "sluice.yaml:6:16: default_model: no model is called \"aa\", did you mean \"a\"?"));
  EXPECT_THAT(errors(providers + "default_model: mock/anything"), IsEmpty());
  EXPECT_THAT(errors("providers: {a/b: {type: mock}}"), ElementsAre(HasSubstr("must not have a slash")));
}

TEST(settings, api_keys_are_checked) {
  const std::string hash(64, 'a');
  EXPECT_THAT(errors("auth: {keys: [{name: a, sha256: abc}]}"),
              ElementsAre("sluice.yaml:1:33: auth.keys[0].sha256: expected a SHA-256 as 64 lower-case hexadecimal "
                          "digits, found \"abc\""));
  EXPECT_THAT(errors("auth: {keys: [{name: a, sha256: " + hash + "}, {name: a, sha256: " + hash + "}]}"),
              ElementsAre(HasSubstr("the key \"a\" is defined twice"), HasSubstr("the same as another")));
  const auto loaded = load_settings(sources("auth: {keys: [{name: a, sha256: " + hash + ", role: admin}]}"));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->told.auth.keys.at(0).role, key_role::admin);
}

TEST(settings, what_is_kept_and_how_long_a_session_lasts) {
  const auto loaded =
      load_settings(sources("data_dir: /var/lib/sluice\ndatabase: {url: 'sqlite:a.db'}\n"
                            "auth: {token_ttl: 5m, refresh_ttl: 1d, registration: closed}\n"
                            "server: {public_url: 'https://ai.example.org'}\n"));
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  EXPECT_EQ(loaded->told.auth.registration, registration::closed);
  EXPECT_EQ(make_database_settings(loaded->told).url, "sqlite:/var/lib/sluice/a.db");
  EXPECT_EQ(make_database_settings(load_settings(sources())->told).url, "sqlite:./data/sluice.db");
  EXPECT_EQ(make_database_settings(load_settings(sources("database: {url: 'sqlite:/a.db'}"))->told).url,
            "sqlite:/a.db");
  EXPECT_EQ(make_database_settings(load_settings(sources("database: {url: 'postgresql://db/app'}"))->told).url,
            "postgresql://db/app");
  EXPECT_THAT(errors("database: {url: 'mysql://db'}"),
              ElementsAre(HasSubstr("expected sqlite: and the path of a file, such as sqlite:sluice.db")));
  EXPECT_THAT(errors("data_dir: ''"), ElementsAre(HasSubstr("data_dir: expected a path")));
  EXPECT_THAT(errors("auth: {registration: invite}"), ElementsAre(HasSubstr("expected one of open, closed")));
  EXPECT_THAT(errors("auth: {token_ttl: 2h, refresh_ttl: 1h}"),
              ElementsAre("sluice.yaml:1:36: auth.refresh_ttl must not be shorter than auth.token_ttl"));
}

TEST(settings, insecure_tokens_need_a_loopback_address) {
  const auto with = [](const std::string& rest) { return errors("auth: {insecure_tokens: ['x']" + rest); };
  EXPECT_THAT(with("}"), ElementsAre(HasSubstr("sluice.yaml:1:25: auth.insecure_tokens are refused")));
  EXPECT_THAT(with("}\nserver: {listen: '[::1]:0'}"), IsEmpty());
  EXPECT_THAT(with("}\nserver: {listen: '127.8.0.1:0'}"), IsEmpty());
  EXPECT_THAT(with("}\nserver: {listen: '[::]:0'}"), ElementsAre(HasSubstr("refused")));
  EXPECT_THAT(with(", insecure_anywhere: true}"), IsEmpty());
  EXPECT_THAT(errors("auth: {insecure_tokens: ['']}\nserver: {listen: 'localhost:0'}"),
              ElementsAre(HasSubstr("must not be empty")));
  settings_sources open = sources();
  open.flags.push_back({"--listen", "server.listen", "0.0.0.0:8080"});
  EXPECT_THAT(errors(open), ElementsAre(HasSubstr("others can connect to 0.0.0.0:8080")));
}

TEST(settings, a_provider_is_described_by_its_type) {
  const auto loaded =
      load_settings(sources("providers:\n"
                            "  openai:\n"
                            "    type: openai\n"
                            "    api_key: ${KEY}\n"
                            "    headers: {X-Team: \"${TEAM:-none}\"}\n"
                            "    timeouts: {connect: 2s, total: 1h}\n"
                            "  mock: {type: mock, fail: stall, fail_after: 3, delay_ms: 0}\n",
                            {{"KEY", "sk-x"}}));
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  const auto& openai = std::get<openai_provider_settings>(loaded->told.providers.at("openai"));
  EXPECT_EQ(openai.api_key.reveal(), "sk-x");
  EXPECT_EQ(openai.headers.at("X-Team").reveal(), "none");
  EXPECT_EQ(openai.timeouts.connect, std::chrono::seconds(2));
  EXPECT_EQ(openai.timeouts.total, std::chrono::hours(1));
  EXPECT_EQ(openai.timeouts.first_token, std::chrono::seconds(60));
  EXPECT_EQ(std::get<mock_provider_settings>(loaded->told.providers.at("mock")).fail, mock_failure::stall);
  EXPECT_THAT(errors("providers: {m: {type: mock, base_url: 'http://x'}}"),
              ElementsAre(HasSubstr("sluice.yaml:1:29: unknown key \"base_url\"")));
  EXPECT_THAT(errors("providers: {m: {delay_ms: 1}}"),
              ElementsAre(HasSubstr("providers.m: the key \"type\" is missing")));
  EXPECT_THAT(errors("providers: {m: {type: openai, api_key: \"a\\nb\", headers: {'a b': x}}}"),
              ElementsAre(HasSubstr("api_key has a line break"), HasSubstr("\"a b\" cannot be")));
}

TEST(settings, a_file_that_was_asked_for_must_be_there) {
  settings_sources from = sources();
  from.config_file = "/nowhere.yaml";
  EXPECT_THAT(errors(from), ElementsAre("/nowhere.yaml: cannot be read: No such file or directory"));
  EXPECT_THAT(errors(sources({}, {{"SLUICE_CONFIG", "/nowhere.yaml"}})),
              ElementsAre(HasSubstr("/nowhere.yaml: cannot")));
}

TEST(settings, the_example_for_production_is_right) {
  std::ifstream from(SLUICE_SOURCE_DIR "/deploy/sluice.example.yaml");
  const std::string text{std::istreambuf_iterator<char>(from), {}};
  const auto loaded = load_settings(sources(text, {{"SLUICE_BACKEND_KEY_SHA256", std::string(64, '0')}}));
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  EXPECT_FALSE(loaded->told.server.allow_query_token);
  EXPECT_THAT(loaded->told.auth.insecure_tokens, IsEmpty());
  EXPECT_EQ(std::get<openai_provider_settings>(loaded->told.providers.at("openai")).api_key.reveal(), "sk-from-file");
  EXPECT_THAT(loaded->notices, IsEmpty());
}

TEST(settings, services_have_an_address_or_several) {
  const auto loaded =
      load_settings(sources("services:\n  identity: {address: 'dns:///identity:50051'}\n"
                            "  agent: {address: ['10.0.0.1:50052', '[fd00::1]:50052']}\n  secret: ${SECRET}\n"
                            "  tls: {certificate: c.pem, key: k.pem, ca: ca.pem}\n  advertise: 10.0.0.7:50052\n",
                            {{"SECRET", "open sesame"}, {"SLUICE_SERVICES__IDENTITY__ADDRESS", "10.0.0.9:50051"}}));
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  const services_settings& told = loaded->told.services;
  EXPECT_THAT(told.identity.address, ElementsAre("10.0.0.9:50051"));
  EXPECT_THAT(told.agent.address, ElementsAre("10.0.0.1:50052", "[fd00::1]:50052"));
  EXPECT_EQ(told.advertise, "10.0.0.7:50052");
  const auto server = make_rpc_server_settings(loaded->told);
  EXPECT_EQ(server.protection.secret.reveal(), "open sesame");
  EXPECT_EQ(server.protection.tls.ca, "ca.pem");
  EXPECT_EQ(server.message_bytes_max, (10U << 20) + (1U << 20));
  const auto channel = make_channel_settings(loaded->told, "agent", told.agent.address);
  EXPECT_EQ(channel.peer, "agent");
  EXPECT_THAT(channel.addresses, ElementsAre("10.0.0.1:50052", "[fd00::1]:50052"));
  EXPECT_EQ(make_identity_settings(loaded->told).sealing_secret.reveal(), "open sesame");
}

TEST(settings, services_that_make_no_sense) {
  EXPECT_THAT(errors("services: {agent: {address: ''}}"),
              ElementsAre(HasSubstr("services.agent.address: expected an address such as")));
  EXPECT_THAT(errors("services: {agent: {address: [a:1, 'b c']}}"),
              ElementsAre(HasSubstr("services.agent.address[1]")));
  EXPECT_THAT(errors("services: {agent: {address: {host: a}}}"), ElementsAre(HasSubstr("found a map")));
  EXPECT_THAT(errors("services: {tls: {certificate: c.pem}}"),
              ElementsAre(HasSubstr("services.tls needs both certificate and key")));
}

}  // namespace
}  // namespace sluice::app
