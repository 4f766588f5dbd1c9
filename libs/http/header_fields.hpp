// The fields of a message's header: a flat list in the order of arrival, names compared without case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

/// Whether two names or tokens are the same but for the case of ASCII letters.
bool equal_without_case(std::string_view left, std::string_view right);

/// Fields live in one block of characters: filling a list that was cleared allocates nothing. The views that it gives
/// are good until the next change.
class header_fields {
 public:
  struct field {
    std::string_view name;
    std::string_view value;
  };

  header_fields() = default;
  header_fields(std::initializer_list<field> fields);

  void add(std::string_view name, std::string_view value);
  /// Replaces all fields of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void clear();

  bool has(std::string_view name) const;
  /// The value of the first field of that name; empty if there is none.
  std::string_view get(std::string_view name) const;
  /// The values of all fields of that name, joined by ", " (RFC 9110, section 5.3).
  std::string joined(std::string_view name) const;
  /// Whether a comma-separated list in the fields of that name holds `token`, in any case.
  bool lists(std::string_view name, std::string_view token) const;

  std::size_t size() const { return places_.size(); }
  field operator[](std::size_t index) const;

  /// Appends "name: value\r\n" for each. Control characters in names and values become spaces, so that no value from
  /// outside can begin a field or a message of its own.
  void append_to(std::string& out) const;

 private:
  struct place {
    std::uint32_t at;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string characters_;
  std::vector<place> places_;
};

/// One field as it goes over the wire, made safe as in `header_fields::append_to`.
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace sluice::http
