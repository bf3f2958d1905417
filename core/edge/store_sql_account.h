/*
 * Statements of the chore that says where accounts are: functions of the schema, which find and write only what a slice is about.
 */
#pragma once
#include "core/edge/store_sql.h"

static const struct postgres_statement sql_account_due = {
	.name = "account_due",
	.sql = "SELECT account, last, way, settings, signature, contacts, contact_id, version, role, fold FROM "
	       "phased.account_due($1, $2, $3, $4, $5)",
	.parameter_count = 5,
	.parameters = {ONE(INT8), ONE(INT8), ONE(INT8), ONE(INT8), ONE(TIMESTAMPTZ)}};
static const struct postgres_statement sql_account_committee = {
	.name = "account_committee",
	.sql = "SELECT role, expected, multiplier FROM phased.committee WHERE role = ANY ($1)",
	.parameter_count = 1,
	.parameters = {ARRAY(TEXT)}};
static const struct postgres_statement sql_account_lock = {.name = "account_lock",
							   .sql = "SELECT phased.account_lock($1, $2, $3, $4)",
							   .parameter_count = 4,
							   .parameters = {ARRAY(TEXT), ARRAY(TEXT), ARRAY(UUID),
									  ARRAY(INT8)}};
static const struct postgres_statement sql_account_put_phases = {
	.name = "account_put_phases",
	.sql = "SELECT phased.account_put_phases($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
	       "$15, $16, "
	       "$17, $18, $19, $20, $21, $22, $23)",
	.parameter_count = 23,
	.parameters = {ONE(INT8),	   ARRAY(TEXT),	  ARRAY(TEXT),	 ARRAY(TIMESTAMPTZ), ARRAY(INT4),
		       ARRAY(INT4),	   ARRAY(FLOAT8), ARRAY(FLOAT8), ARRAY(FLOAT8),	     ARRAY(FLOAT8),
		       ARRAY(INT2),	   ARRAY(INT2),	  ARRAY(INT2),	 ARRAY(BOOL),	     ARRAY(TIMESTAMPTZ),
		       ARRAY(TIMESTAMPTZ), ARRAY(INT4),	  ARRAY(INT4),	 ARRAY(INT4),	     ARRAY(INT4),
		       ARRAY(FLOAT8),	   ARRAY(FLOAT8), ARRAY(TEXT)}};
static const struct postgres_statement sql_account_put_changes = {
	.name = "account_put_changes",
	.sql = "SELECT phased.account_put_changes($1, $2, $3, $4, $5, $6)",
	.parameter_count = 6,
	.parameters = {ARRAY(TEXT), ARRAY(TEXT), ARRAY(TIMESTAMPTZ), ARRAY(INT2), ARRAY(INT2), ARRAY(BOOL)}};
static const struct postgres_statement sql_account_put_members = {
	.name = "account_put_members",
	.sql = "SELECT phased.account_put_members($1, $2, $3, $4, $5)",
	.parameter_count = 5,
	.parameters = {ARRAY(TEXT), ARRAY(TEXT), ARRAY(UUID), ARRAY(FLOAT8), ARRAY(BOOL)}};
static const struct postgres_statement sql_account_done = {
	.name = "account_done",
	.sql = "SELECT phased.account_done($1, $2, $3, $4, $5, $6, $7, $8)",
	.parameter_count = 8,
	.parameters = {ONE(INT8), ONE(INT8), ARRAY(TEXT), ARRAY(INT8), ARRAY(TIMESTAMPTZ), ARRAY(BOOL), ONE(TEXT),
		       ONE(BOOL)}};
