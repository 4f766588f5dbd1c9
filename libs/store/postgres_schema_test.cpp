#include "store/postgres_schema.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

TEST(postgres_schema, text_compares_byte_by_byte) {
  EXPECT_EQ(postgres_schema("CREATE TABLE a (x TEXT PRIMARY KEY, y TEXT NOT NULL);"),
            "CREATE TABLE a (x TEXT COLLATE \"C\" PRIMARY KEY, y TEXT COLLATE \"C\" NOT NULL);");
}

TEST(postgres_schema, what_only_looks_like_the_type_stays) {
  for (const char* same : {"", "-- TEXT", "-- it's TEXT\n", "'TEXT'", "\"TEXT\"", "CONTEXT TEXT_ TEXT2 aTEXT text",
                           "'it''s TEXT'", "'not closed TEXT"}) {
    EXPECT_EQ(postgres_schema(same), same);
  }
}

}  // namespace
}  // namespace sluice::store
