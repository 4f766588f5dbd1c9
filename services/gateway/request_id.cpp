#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/errc.hpp>

#include "base/utf8.hpp"
#include "gateway/chat_frames.hpp"

namespace sluice::gateway {
namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t id_bytes_max = 4 * request_id_characters_max;

// Hears a text value by value and stops at the first good "id" of the outermost object. The names are Boost.JSON's
// (basic_parser's handler); all others only say to go on.
class id_listener {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  const std::string& found() const { return found_; }

  bool on_object_begin(error_code&) { return enter(); }
  bool on_object_end(std::size_t, error_code&) { return leave(); }
  bool on_array_begin(error_code&) { return enter(); }
  bool on_array_end(std::size_t, error_code&) { return leave(); }

  bool on_key_part(json::string_view part, std::size_t, error_code&) { return gather(part); }
  bool on_key(json::string_view last, std::size_t bytes, error_code&) {
    gather(last);
    is_id_ = depth_ == 1 && bytes == heard_.size() && heard_ == "id";
    heard_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) { return !is_id_ || gather(part); }
  bool on_string(json::string_view last, std::size_t bytes, error_code& stop) {
    if (!is_id_) return true;
    gather(last);
    if (bytes == heard_.size() && bytes > 0 && count_code_points(heard_) <= request_id_characters_max) {
      found_ = heard_;
      stop = make_error_code(boost::system::errc::operation_canceled);
    }
    heard_.clear();
    is_id_ = false;
    return found_.empty();
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  bool enter() {
    ++depth_;
    is_id_ = false;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  // Keeps no more than can be of use.
  bool gather(json::string_view part) {
    if (heard_.size() + part.size() <= id_bytes_max) heard_.append(part.data(), part.size());
    return true;
  }

  std::size_t depth_ = 0;
  bool is_id_ = false;
  std::string heard_;
  std::string found_;
};

}  // namespace

std::optional<std::string> find_request_id(std::string_view text, const door::json_limits& limits) {
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<id_listener> parser(options);
  error_code ended;
  parser.write_some(false, text.data(), text.size(), ended);
  const std::string& found = parser.handler().found();
  return found.empty() ? std::nullopt : std::optional(found);
}

}  // namespace sluice::gateway
