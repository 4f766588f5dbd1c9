// What strangers write, on the way to somebody's terminal.
#pragma once

#include <string>
#include <string_view>

namespace sluice::app {

/// Valid UTF-8 without what a terminal obeys or what turns the order of a line round: each control character but line
/// feed and tab (C0, DEL, C1), and each direction control, becomes U+FFFD. A model can be talked into writing escape
/// sequences, which would set the window's title, fill the clipboard or overwrite what was said before.
std::string for_terminal(std::string_view text);

/// The same on one line: line feeds and tabs are spaces.
std::string for_terminal_line(std::string_view text);

}  // namespace sluice::app
