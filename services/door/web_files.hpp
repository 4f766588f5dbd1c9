// The files of the web pages, in the executable.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "http/router.hpp"

namespace sluice::door {

/// One file as `web/embed.ts` packed it. A packed form that would save nothing is empty.
struct web_file {
  std::string_view path;  ///< as it is asked for, from '/' on
  std::string_view type;
  std::string_view etag;  ///< of the content, without quotes
  bool immutable;         ///< named by its content
  std::string_view plain;
  std::string_view gzip;
  std::string_view brotli;
};

/// Ordered by path; empty if built without pages.
extern const std::span<const web_file> web_files;

/// Null where there is none of that path, as without pages built in.
const web_file* find_file(std::string_view path);

/// GET routes of all files but the pages themselves, whose paths are their services' to choose.
std::vector<http::route> file_routes();

/// A file in the best form that the client takes, or 304 if it has it already.
http::response serve_file(const web_file& file, const http::request& asked);

/// Whether an Accept-Encoding allows `coding` (RFC 9110, section 12.5.3). Without the field: no.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

}  // namespace sluice::door
