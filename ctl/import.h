/*
 * phasectl import, in parts: what a file's columns mean, how it writes dates and amounts, what each line says, what came of it all.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/identify.h"
#include "core/model/event.h"
#include "ctl/ctl.h"
#include "ctl/import_csv.h"
#include "ctl/import_words.h"
#include "ctl/produce.h"

#define IMPORT_SOURCE "import"

/* What a column may hold. X(name, most bytes) */
/* clang-format off */
#define IMPORT_FIELD_LIST(X) \
	X(email, 254) X(user_id, 256) X(crm_id, 256) X(date, 64) X(time, 64) X(name, 128) X(title, 128) X(role, 128) \
	X(company, 128) X(domain, 128) X(cost, 64) X(currency, 3) X(campaign, 128) X(consent, 16)
/* clang-format on */

enum import_field {
#define IMPORT_FIELD_ENUM(name, most) IMPORT_##name,
	IMPORT_FIELD_LIST(IMPORT_FIELD_ENUM)
#undef IMPORT_FIELD_ENUM
		IMPORT_FIELD_COUNT,
	IMPORT_NOTHING = IMPORT_FIELD_COUNT
};
const char *import_field_name(enum import_field field); /* "email" …; NULL for NOTHING */

/* ---- What the columns mean ---- */

struct import_column {
	const char *name; /* fit to be shown */
	enum import_field field;
};

struct import_columns {
	size_t count;
	struct import_column column[IMPORT_CSV_CELLS_MAX];
	bool has[IMPORT_FIELD_COUNT];
};

/* How many columns of this line bear a name of ours, or one of `map`? */
size_t import_columns_known(const struct import_csv *header, const char *map);
/*
 * What the line of titles says. `map`: "Dato=date,Note=" beside our own names, or NULL; a column mapped to nothing is left out. False: *fail;
 * EXIT_USAGE where `map` is wrong, EXIT_BAD_DATA where this is no such table.
 */
bool import_columns_read(const struct import_csv *header, const char *map, struct arena *arena,
			 struct import_columns *ret_columns, struct fail *fail);

/* ---- What a line says ---- */

struct import_way {
	const char *kind, *site, *offset, *currency; /* currency: of costs that name none, or "" */
	enum import_reading order, mark;
	const struct conf *conf;
	const struct produce_key *key;
	int64_t now_us;
};

/* Trimmed, in form C, in one line; in an arena. Fields without a column are "". */
struct import_said {
	const char *text[IMPORT_FIELD_COUNT];
};

struct import_refusal {
	const char *field, *why; /* "" where it is about the whole line; no word of what the line says */
};

/* The texts of a line. */
bool import_line_read(const struct import_csv *csv, const struct import_columns *columns, struct arena *arena,
		      struct import_said *ret_said, struct import_refusal *ret_refusal);

struct import_touch {
	uint64_t id; /* the same of every line that says the same */
	int64_t at_us;
	enum statement consent;
	bool has_cost;
	int64_t cost;	      /* in parts of IMPORT_AMOUNT_UNIT */
	const char *currency; /* in the arena */
	struct produce_message message;
};

/* The event that they make, as the daemon would take it. */
bool import_line_make(const struct import_said *said, const struct import_way *way, struct arena *arena,
		      struct import_touch *ret_touch, struct import_refusal *ret_refusal);

/* ---- What came of it ---- */

#define IMPORT_CURRENCIES_MAX 32

struct import_report {
	const char *path, *kind; /* fit to be shown */
	struct import_encoding encoding;
	char separator;
	struct import_columns columns;
	enum import_reading order, mark;
	uint64_t order_line, mark_line; /* lines that show it; 0: it was told */
	bool dry_run;
	uint64_t lines, touches, refused, repeated, empty, consent[STATEMENT_COUNT];
	int64_t from_us, to_us; /* of touches, where there are any */
	struct {
		char code[4];
		uint64_t touches;
		double parts; /* whole numbers: exact up to 9e11 of the currency */
	} costs[IMPORT_CURRENCIES_MAX];
	size_t currencies;
	uint64_t other_costs; /* touches of more currencies than that */
	struct {
		uint64_t line;
		struct import_refusal refusal;
	} * refusals; /* the first ones */
	size_t refusals_count, refusals_max;
	uint64_t delivered, lost;
};

void import_report_touch(struct import_report *report, const struct import_touch *touch);
void import_report_refuse(struct import_report *report, uint64_t line, const struct import_refusal *refusal);
void import_report_print(const struct import_report *report, bool as_json);
