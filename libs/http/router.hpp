// Which handler answers which path: a table of data.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/exchange.hpp"

namespace sluice::http {

/// `pattern` is a path whose segments may be parameters: "/v1/generations/{id}". A parameter matches one segment that
/// is not empty.
struct route {
  std::string method;
  std::string pattern;
  handler handle;
};

/// Immutable once built, shared by all workers.
class router {
 public:
  /// Throws `std::logic_error` for a pattern that is none, or a route that is there twice: a bug of the table.
  explicit router(std::vector<route> routes);

  /// What the table says to a request: a handler, or a status (404; 405; 204 for an OPTIONS that nobody handles) with,
  /// for the last two, the methods that are allowed.
  struct verdict {
    const handler* handle = nullptr;
    unsigned status = 404;
    std::string allow = {};
  };
  /// Sets the request's `route` and `parameters`. HEAD is answered by GET where it has no route of its own. A path
  /// written out wins over one with parameters.
  verdict match(request& asked) const;

 private:
  struct row {
    route entry;
    std::vector<std::string> segments;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using row_numbers = std::vector<std::size_t>;
  verdict choose(const row_numbers& candidates, request& asked, std::string_view raw_path) const;

  std::vector<row> table_;
  std::unordered_map<std::string, row_numbers, text_hash, std::equal_to<>> written_out_;
  row_numbers with_parameters_;
};

}  // namespace sluice::http
