/*
 * A row of the report as JSON.
 */
#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/report_phases.h"

#define DIGITS 15 /* what a double holds of any decimal number, so that .1 is printed as 0.1 */

static json_t *text(const char *value)
{
	return value != NULL ? json_string(value) : json_null();
}

static json_t *moment(int64_t us)
{
	char words[MOMENT_TEXT_SIZE];
	if (us == INT64_MIN) {
		return json_null();
	}
	moment_print(us, words);
	return json_string(words);
}

void report_json_print(const struct report_row *row)
{
	char contact[UUID_TEXT_SIZE];
	uuid_print(&row->contact, contact);
	/* "o" takes each of them over; a NULL among them makes the whole NULL. */
	json_t *object =
		json_pack("{so so so so so so so so so s{sf sf sf} so sf sb sI so so}", "contact", text(contact),
			  "email", text(row->address), "name", text(row->name), "role", text(row->role), "account",
			  json_null(), "process", text(row->process), "phase", text(row->phase), "fine",
			  text(row->fine), "since", moment(row->since_us), "p", "early", row->early, "mid",
			  row->mid, "late", row->late, "confidence", text(row->confidence), "activity",
			  row->activity, "quiet", row->quiet ? 1 : 0, "touches", (json_int_t)row->touches,
			  "last_touch", moment(row->last_us), "model", text(row->model));
	CHECK(object != NULL);
	json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
	putchar('\n');
	json_decref(object);
}
