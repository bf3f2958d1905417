/*
 * A row of the report as JSON.
 */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "ctl/json_line.h"
#include "ctl/report_phases.h"

#define DIGITS 15 /* what a double holds of any decimal number, so that .1 is printed as 0.1 */

static json_t *text(const char *value)
{
	return value != NULL ? json_string(value) : json_null();
}

/* A list of words; null where nobody knows. */
static json_t *words(const char *value)
{
	json_t *list = value != NULL ? json_array() : json_null();
	for (size_t size; value != NULL && *value != '\0'; value += size + (value[size] != '\0')) {
		size = strcspn(value, " ");
		json_array_append_new(list, json_stringn(value, size));
	}
	return list;
}

void report_json_print(const struct report_row *row)
{
	char contact[UUID_TEXT_SIZE];
	uuid_print(&row->contact, contact);
	/* "o" takes each of them over; a NULL among them makes the whole NULL. */
	json_t *object =
		json_pack("{so so so so so so so so so s{sf sf sf} so sf sb sI so so so}", "contact",
			  text(contact), "email", text(row->address), "name", text(row->name), "role",
			  text(row->role), "account", text(row->account), "process", text(row->process), "phase",
			  text(row->phase), "fine", text(row->fine), "since", json_line_moment(row->since_us), "p",
			  "early", row->early, "mid", row->mid, "late", row->late, "confidence",
			  text(row->confidence), "activity", row->activity, "quiet", row->quiet ? 1 : 0, "touches",
			  (json_int_t)row->touches, "channels", words(row->channels), "last_touch",
			  json_line_moment(row->last_us), "model", text(row->model));
	if (row->posterior != NULL) {
		json_t *posterior = json_object();
		for (unsigned k = 0; k < row->state_count; k++) {
			json_object_set_new(posterior, row->state_names[k], json_real(row->posterior[k]));
		}
		json_object_set_new(object, "posterior", posterior);
	}
	/* A terminal would act on controls beyond ASCII, too. */
	json_line_print(object,
			JSON_REAL_PRECISION(DIGITS) | (isatty(STDOUT_FILENO) == 1 ? JSON_ENSURE_ASCII : 0));
}
