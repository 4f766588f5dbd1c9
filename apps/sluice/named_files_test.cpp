#include "app/named_files.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_commands.hpp"
#include "http/certificate_testing.hpp"

namespace sluice::app {
namespace {

using http::testing::test_certificate;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class named_files : public testing::Test {
 protected:
  named_files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    std::ofstream(garbage()) << "not a certificate\n";
    std::ofstream(empty()) << "";
  }
  ~named_files() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string garbage() const { return (folder_ / "garbage.pem").string(); }
  std::string empty() const { return (folder_ / "empty.pem").string(); }
  std::string none() const { return (folder_ / "none.pem").string(); }
  std::string folder() const { return folder_.string(); }

  // All that `config check` says of it; "ok" if nothing is wrong.
  static std::string check(const std::string& text) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = config_check(sources(text), out, err);
    EXPECT_EQ(code, err.str().empty() ? exit_fine : exit_configuration);
    return err.str().empty() ? "ok" : err.str();
  }
  static config::problems check_as(role_name of, const std::string& text) {
    const auto loaded = load_settings(sources(text), of);
    EXPECT_TRUE(loaded.has_value());
    return loaded ? check_named_files(loaded->told, loaded->document, of) : config::problems{};
  }

  test_certificate one{"DNS:one.test"};
  test_certificate other{"DNS:other.test"};

 private:
  static settings_sources sources(const std::string& text) {
    settings_sources from;
    from.environment = {};
    from.config_file = "sluice.yaml";
    from.read = [text](const std::string&) { return text; };
    return from;
  }

  std::filesystem::path folder_;
};

std::string tls(const std::string& section, const std::string& certificate, const std::string& key) {
  return section + ":\n  tls:\n    certificate: " + certificate + "\n    key: " + key + "\n";
}

TEST_F(named_files, a_pair_that_fits_is_fine) {
  EXPECT_EQ(check(tls("server", one.certificate_file(), one.key_file())), "ok");
  EXPECT_EQ(check(tls("services", one.certificate_file(), one.key_file())), "ok");
}

TEST_F(named_files, each_section_of_tls_says_which_file_is_wrong_and_where_it_is_named) {
  for (const std::string section : {"server", "services"}) {
    SCOPED_TRACE(section);
    for (const std::string& file : {none(), garbage(), empty(), folder()}) {
      EXPECT_THAT(check(tls(section, file, one.key_file())),
                  AllOf(StartsWith("sluice.yaml:3:18: " + section + ".tls.certificate: "), HasSubstr(file)));
      EXPECT_THAT(check(tls(section, one.certificate_file(), file)),
                  AllOf(StartsWith("sluice.yaml:4:10: " + section + ".tls.key: "), HasSubstr(file)));
    }
    EXPECT_THAT(
        check(tls(section, one.certificate_file(), other.key_file())),
        AllOf(StartsWith("sluice.yaml:4:10: "), HasSubstr(other.key_file()), HasSubstr(one.certificate_file())));
  }
}

TEST_F(named_files, a_key_under_a_passphrase_is_refused_and_nobody_is_asked_for_it) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::string locked = folder() + "/locked.pem";
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> to(std::fopen(locked.c_str(), "w"), &std::fclose);
  ASSERT_EQ(PEM_write_PrivateKey(to.get(), key.get(), EVP_aes_256_cbc(),
                                 reinterpret_cast<const unsigned char*>("hush-hush"), 9, nullptr, nullptr),
            1);
  std::fflush(to.get());
  for (const std::string section : {"server", "services"})
    EXPECT_THAT(check(tls(section, one.certificate_file(), locked)), HasSubstr("passphrase"));
}

TEST_F(named_files, what_the_system_says_of_a_file_is_said) {
  EXPECT_THAT(check(tls("server", none(), one.key_file())), HasSubstr("No such file or directory"));
}

TEST_F(named_files, authorities_of_providers_are_read_each) {
  const auto text = [](const std::string& file) {
    return "providers:\n  a: {type: openai, ca_file: " + file + "}\n  b:\n    type: openai\n    ca_file: " + file +
           "\n";
  };
  EXPECT_EQ(check(text(one.certificate_file())), "ok");
  EXPECT_THAT(check(text(garbage())),
              AllOf(HasSubstr("sluice.yaml:2:"), HasSubstr("providers.a.ca_file"),
                    HasSubstr("\nsluice.yaml:5:14: providers.b.ca_file"), HasSubstr(garbage())));
}

TEST_F(named_files, authorities_of_state_are_read_where_it_speaks_tls) {
  const auto text = [](const std::string& url, const std::string& file) {
    return "state:\n  url: " + url + "\n  ca_file: " + file + "\n";
  };
  EXPECT_EQ(check(text("rediss://cache.test", one.certificate_file())), "ok");
  EXPECT_EQ(check(text("redis://cache.test", none())), "ok");
  EXPECT_THAT(check(text("rediss://cache.test", none())), StartsWith("sluice.yaml:3:12: state.ca_file: "));
}

TEST_F(named_files, certificates_of_a_database_are_read_as_libpq_will) {
  const auto text = [](const std::string& parameters) {
    return "database:\n  url: postgresql://app:hush@db.test/app?" + parameters + "\n";
  };
  EXPECT_EQ(check(text("sslmode=verify-full&sslrootcert=" + one.certificate_file())), "ok");
  EXPECT_EQ(check(text("sslmode=require&sslrootcert=" + none())), "ok");
  EXPECT_THAT(check(text("sslmode=verify-full&sslrootcert=" + none())),
              AllOf(StartsWith("sluice.yaml:2:8: database.url: sslrootcert: "), Not(HasSubstr("hush"))));
  EXPECT_THAT(check(text("sslmode=require&sslrootcert=" + garbage())), HasSubstr("sslrootcert: "));
  EXPECT_THAT(check(text("sslcert=" + one.certificate_file() + "&sslkey=" + other.key_file())), HasSubstr("sslkey: "));
  EXPECT_THAT(check(text("sslmode=nonsense&unheard=of")), Not(HasSubstr("hush")));
}

TEST_F(named_files, data_dir_is_a_folder_or_not_there_yet) {
  EXPECT_EQ(check("data_dir: " + none() + "\n"), "ok");
  EXPECT_EQ(check("data_dir: " + folder() + "\n"), "ok");
  EXPECT_THAT(check("data_dir: " + garbage() + "\n"),
              AllOf(StartsWith("sluice.yaml:1:11: data_dir: "), HasSubstr("is not a folder")));
}

TEST_F(named_files, a_role_reads_what_it_uses) {
  const std::string client = tls("server", none(), none());
  EXPECT_EQ(check_as(role_name::serve, client).size(), 1);
  EXPECT_EQ(check_as(role_name::gateway, client).size(), 1);
  EXPECT_EQ(check_as(role_name::agent, client).size(), 0);
  const std::string between = tls("services", none(), none());
  EXPECT_EQ(check_as(role_name::serve, between).size(), 0);
  EXPECT_EQ(check_as(role_name::identity, between).size(), 1);
  const std::string provider = "providers: {p: {type: openai, ca_file: " + none() + "}}\n";
  EXPECT_EQ(check_as(role_name::agent, provider).size(), 1);
  EXPECT_EQ(check_as(role_name::gateway, provider).size(), 0);
}

}  // namespace
}  // namespace sluice::app
