/*
 * The version of the database's schema: which one this program knows, which one it finds.
 *
 * The tables stand in schema/NNNN_*.sql; `phasectl migrate` applies them. A program works on the version that it knows
 * and on no other: an older one lacks what it needs, a newer one may mean something else.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/postgres.h"

#define SCHEMA_VERSION 53 /* number of the last file of schema/; the build compares */

/* One row, one column: for schema_on_rows(). Refused where there is no schema at all: schema_explain() finds the words. */
extern const struct postgres_statement schema_statement;

/* A postgres_on_rows. Context: an int64_t that gets the version found, or NULL. False (FAIL_FATAL, EXIT_BAD_DATA) when
 * it is not SCHEMA_VERSION; the text says what to do about it. */
bool schema_on_rows(void *context, const struct postgres_rows *rows, struct fail *fail);

/* The turn that schema_statement was in failed: puts "no schema of phased here" in place of a bare SQLSTATE where that
 * is the reason, and leaves other failures as they are. */
void schema_explain(struct fail *fail);
