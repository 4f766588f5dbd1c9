// What is said, as the Gemini API words it: contents and parts → messages. No I/O.
#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway::gemini {

/// Reads contents one after the other. Calls without an id are given one, and results are matched with them by name and
/// order, for other providers go by ids alone.
class content_reader {
 public:
  /// `{"role":…,"parts":[…]}`: a message of the model or the user, and one of role `tool` for each result. A content
  /// that goes on with the role of the one before goes on with its message: a stream that was kept piece by piece is
  /// one message again.
  result<void> append(std::vector<generation::message>& to, const boost::json::value& content, const std::string& path);

  /// `systemInstruction`: a content, its parts, or text.
  result<void> append_system(std::vector<generation::message>& to, const boost::json::value& content);

 private:
  struct call {
    std::string id;
    std::string name;
    bool is_answered = false;
  };
  using outcome = result<generation::content_part>;

  outcome part_of(const boost::json::value& value, const std::string& path);
  outcome call_of(const boost::json::object& part, const std::string& path);
  outcome response_of(const boost::json::object& part, const std::string& path);
  std::string id_for(const std::string& name);
  result<std::vector<generation::content_part>> parts_of(const boost::json::value* parts, const std::string& path);

  std::vector<call> calls_;
};

}  // namespace sluice::gateway::gemini
