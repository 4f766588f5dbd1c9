// A schema is written once, in C++, and gives everything else: checked settings, errors, documentation, JSON Schema.
//
//   type<server_settings> server() {
//     structure<server_settings> keys;
//     keys.key("listen", &server_settings::listen, text(host_and_port), "Where clients connect.");
//     keys.key("workers", &server_settings::workers, integer<unsigned>(0, 1024), "Threads; 0: one per core.");
//     return keys;
//   }
//
// Defaults are the initializers of the members, and stand nowhere else.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/secret_string.hpp"
#include "config/description.hpp"
#include "config/scalars.hpp"
#include "config/value.hpp"

namespace sluice::config {

/// How a T is described, read and shown.
template <class T>
struct type {
  description_ptr what;
  /// Sets `into` from `from`, or adds to `wrong` and leaves it; `path` is where it stands, as in "models[0].name".
  std::function<void(const value& from, T& into, const std::string& path, problems& wrong)> read;
  /// As it would be written; secrets are masked.
  std::function<value(const T&)> show;
};

/// Free text; with a rule, text that obeys it.
type<std::string> text();
type<std::string> text(text_rule rule);
type<bool> boolean();
type<double> number(double least, double most);
type<std::chrono::milliseconds> duration(std::chrono::milliseconds least, std::chrono::milliseconds most);
type<secret_string> secret();

template <std::integral T>
type<T> integer(T least = 0, T most = std::numeric_limits<T>::max()) {
  auto what = describe_integer(static_cast<std::int64_t>(least), std::in_range<std::int64_t>(most)
                                                                     ? static_cast<std::int64_t>(most)
                                                                     : std::numeric_limits<std::int64_t>::max());
  return {what,
          [what](const value& from, T& into, const std::string& path, problems& wrong) {
            if (const auto read = read_integer(*what, from, path, wrong)) into = static_cast<T>(*read);
          },
          [](const T& from) { return value::scalar(std::to_string(from)); }};
}

/// A number of bytes.
template <std::unsigned_integral T>
type<T> size(T least = 0, T most = std::numeric_limits<T>::max()) {
  auto what = describe_size(least, most);
  return {what,
          [what](const value& from, T& into, const std::string& path, problems& wrong) {
            if (const auto read = read_size(*what, from, path, wrong)) into = static_cast<T>(*read);
          },
          [](const T& from) { return show_size(from); }};
}

/// One of a few words.
template <class T>
type<T> choice(std::vector<std::pair<std::string, T>> words, std::vector<std::string> unsupported = {}) {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : words)
    names.push_back(name);
  auto what = describe_choice(std::move(names), std::move(unsupported));
  return {what,
          [what, words](const value& from, T& into, const std::string& path, problems& wrong) {
            if (const auto at = read_choice(*what, from, path, wrong)) into = words[*at].second;
          },
          [words](const T& from) {
            for (const auto& [name, meaning] : words) {
              if (meaning == from) return value::scalar(name, true);
            }
            return value{};
          }};
}

template <class T>
type<std::vector<T>> list_of(type<T> element) {
  auto what =
      std::make_shared<description>(description{.is = kind::list, .expected = "a list", .element = element.what});
  return {what,
          [what, element](const value& from, std::vector<T>& into, const std::string& path, problems& wrong) {
            if (!has_shape(*what, from, value::shape::list, path, wrong)) return;
            into.assign(from.items.size(), T{});
            for (std::size_t i = 0; i < from.items.size(); ++i)
              element.read(from.items[i], into[i], path + "[" + std::to_string(i) + "]", wrong);
          },
          [element](const std::vector<T>& from) {
            value shown = value::list();
            for (const T& item : from)
              shown.items.push_back(element.show(item));
            return shown;
          }};
}

/// A list, or one element that stands alone.
template <class T>
type<std::vector<T>> one_or_list_of(type<T> element) {
  auto what = std::make_shared<description>(description{.is = kind::list,
                                                        .expected = element.what->expected + ", or a list of such",
                                                        .element = element.what,
                                                        .one_alone = true});
  const type<std::vector<T>> many = list_of(element);
  return {what,
          [element, many](const value& from, std::vector<T>& into, const std::string& path, problems& wrong) {
            if (from.is == value::shape::list) return many.read(from, into, path, wrong);
            into.assign(1, T{});
            element.read(from, into.front(), path, wrong);
          },
          many.show};
}

/// Names that the configuration's owner chooses, each with a T.
template <class T>
type<std::map<std::string, T>> map_of(type<T> element) {
  auto what = std::make_shared<description>(
      description{.is = kind::map, .expected = "a map of names", .element = element.what});
  return {what,
          [what, element](const value& from, std::map<std::string, T>& into, const std::string& path, problems& wrong) {
            if (!has_shape(*what, from, value::shape::map, path, wrong)) return;
            into.clear();
            for (const member& each : from.members)
              element.read(each.holds, into[each.key], join(path, each.key), wrong);
          },
          [element](const std::map<std::string, T>& from) {
            value shown = value::map();
            for (const auto& [name, item] : from)
              shown.add(name, element.show(item));
            return shown;
          }};
}

/// A map with fixed keys, filled in one by one and then used as a type.
template <class T>
class structure {
 public:
  template <class M>
  structure& key(std::string name, M T::* at, type<M> holds, std::string about,
                 takes_effect when = takes_effect::on_restart) {
    return add({std::move(name), holds.what, std::move(about), holds.show(T{}.*at), false, when}, at, std::move(holds));
  }
  /// A key without which the whole makes no sense.
  template <class M>
  structure& required_key(std::string name, M T::* at, type<M> holds, std::string about,
                          takes_effect when = takes_effect::on_restart) {
    return add({std::move(name), holds.what, std::move(about), value{}, true, when}, at, std::move(holds));
  }
  /// Keys that are planned: naming one is an error that says so.
  structure& unsupported(std::vector<std::string> names) {
    what_.unsupported = std::move(names);
    return *this;
  }

  operator type<T>() const {
    auto what = std::make_shared<const description>(what_);
    auto members = members_;
    return {what,
            [what, members](const value& from, T& into, const std::string& path, problems& wrong) {
              if (!has_known_keys(*what, from, path, wrong)) return;
              for (std::size_t i = 0; i < members.size(); ++i) {
                const value* given = from.find(what->keys[i].name);
                if (given && given->is != value::shape::null)
                  members[i].read(*given, into, join(path, what->keys[i].name), wrong);
              }
            },
            [what, members](const T& from) {
              value shown = value::map();
              for (std::size_t i = 0; i < members.size(); ++i)
                shown.add(what->keys[i].name, members[i].show(from));
              return shown;
            }};
  }

 private:
  struct access {
    std::function<void(const value&, T&, const std::string&, problems&)> read;
    std::function<value(const T&)> show;
  };
  template <class M>
  structure& add(key_description key, M T::* at, type<M> holds) {
    what_.keys.push_back(std::move(key));
    members_.push_back({[at, read = holds.read](const value& from, T& into, const std::string& path, problems& wrong) {
                          read(from, into.*at, path, wrong);
                        },
                        [at, show = holds.show](const T& from) { return show(from.*at); }});
    return *this;
  }

  description what_{.is = kind::structure, .expected = "a map of keys"};
  std::vector<access> members_;
};

/// One of several structures; the value of the key `tag` says which. The names stand in the order of the alternatives;
/// `unsupported` are those that are planned.
template <class... T>
type<std::variant<T...>> variant_of(std::string tag, std::vector<std::string> names,
                                    std::vector<std::string> unsupported, type<T>... alternatives) {
  using whole = std::variant<T...>;
  auto described = std::make_shared<description>(description{
      .is = kind::variant, .expected = "a map of keys", .tag = std::move(tag), .unsupported = std::move(unsupported)});
  std::vector<std::function<void(const value&, whole&, const std::string&, problems&)>> readers;
  std::vector<std::function<value(const whole&)>> showers;
  const auto take = [&]<class A>(const type<A>& alternative) {
    described->alternatives.emplace_back(names[readers.size()], alternative.what);
    readers.push_back(
        [read = alternative.read](const value& from, whole& into, const std::string& path, problems& wrong) {
          read(from, into.template emplace<A>(), path, wrong);
        });
    showers.push_back([show = alternative.show](const whole& from) { return show(std::get<A>(from)); });
  };
  (take(alternatives), ...);
  return {described,
          [described, readers](const value& from, whole& into, const std::string& path, problems& wrong) {
            if (const auto chosen = read_tag(*described, from, path, wrong))
              readers[*chosen](without(from, described->tag), into, path, wrong);
          },
          [described, showers](const whole& from) {
            return with_tag(*described, from.index(), showers[from.index()](from));
          }};
}

}  // namespace sluice::config
