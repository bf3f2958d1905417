/*
 * phasectl identity show: by whom a contact is known, since when and how; and what was said of them that joins nothing.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/contact_word.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define LINES_MAX 1000

static struct {
	const char *contact;
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object"},
	{0},
};

static const struct postgres_statement list_actors = {
	.name = "list_actors",
	.sql = "SELECT actor_id, coalesce(kind, ''), strength, from_at, to_at, via, joined_at FROM "
	       "report.identity WHERE "
	       "contact_id = $1 ORDER BY strength <> 'own', kind IN ('cookie', 'visitor', 'recipient'), "
	       "joined_at, actor_id, "
	       "from_at NULLS FIRST LIMIT $2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_INT8, false}},
};
static const struct postgres_statement list_refused = {
	.name = "list_refused",
	.sql = "SELECT r.a, r.b, r.at, r.refused FROM (SELECT i.actor_id AS id FROM report.identity i WHERE "
	       "i.contact_id = $1 "
	       "UNION SELECT $1) AS i CROSS JOIN LATERAL (SELECT * FROM report.assertion s WHERE s.a = i.id UNION "
	       "SELECT * "
	       "FROM report.assertion s WHERE s.b = i.id) AS r WHERE r.refused IS NOT NULL GROUP BY 1, 2, 3, 4 "
	       "ORDER BY "
	       "r.at, r.a, r.b LIMIT $2",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_INT8, false}},
};

struct shown {
	size_t actors;
	json_t *actor_lines, *refused_lines;
};

static json_t *id_text(const struct postgres_rows *rows, size_t row, unsigned column)
{
	char text[UUID_TEXT_SIZE];
	if (postgres_is_null(rows, row, column)) {
		return json_null();
	}
	const struct uuid id = postgres_uuid(rows, row, column);
	uuid_print(&id, text);
	return json_string(text);
}

static json_t *moment_text(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return json_line_moment(postgres_is_null(rows, row, column) ? INT64_MIN
								    : postgres_moment(rows, row, column));
}

/* "2026-11-25 14:30:00", or what stands for none. */
static void print_moment(const struct postgres_rows *rows, size_t row, unsigned column, const char *none)
{
	char text[MOMENT_TEXT_SIZE];
	if (postgres_is_null(rows, row, column)) {
		printf("%-19s", none);
		return;
	}
	moment_print_second(postgres_moment(rows, row, column), text);
	printf("%-19s", text);
}

static bool on_actors(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct shown *shown = context;
	(void)fail;
	shown->actors = postgres_count(rows);
	if (!asked.json && shown->actors > 0) {
		printf("%-36s  %-9s  %-8s  %-19s  %-19s  %s\n", "ACTOR", "KIND", "STRENGTH", "FROM", "TO",
		       "JOINED TO");
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const struct uuid id = postgres_uuid(rows, i, 0);
		char text[UUID_TEXT_SIZE];
		uuid_print(&id, text);
		if (asked.json) {
			json_array_append_new(shown->actor_lines,
					      json_pack("{ss ss ss so so so so}", "actor", text, "kind",
							postgres_text(rows, i, 1), "strength",
							postgres_text(rows, i, 2), "from", moment_text(rows, i, 3),
							"to", moment_text(rows, i, 4), "via", id_text(rows, i, 5),
							"joined", moment_text(rows, i, 6)));
			continue;
		}
		printf("%s  %-9s  %-8s  ", text, postgres_text(rows, i, 1), postgres_text(rows, i, 2));
		print_moment(rows, i, 3, "the start");
		printf("  ");
		print_moment(rows, i, 4, "now");
		if (!postgres_is_null(rows, i, 5)) {
			const struct uuid via = postgres_uuid(rows, i, 5);
			uuid_print(&via, text);
			printf("  %.8s since ", text);
			print_moment(rows, i, 6, "");
		}
		putchar('\n');
	}
	return true;
}

static const char *why_refused(const char *reason)
{
	return strcmp(reason, "addresses") == 0 ? "the login has five addresses already"
	       : strcmp(reason, "actors") == 0	? "a person has sixteen identifiers at most"
						: "somebody has split them";
}

static bool on_refused(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct shown *shown = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const struct uuid a = postgres_uuid(rows, i, 0), b = postgres_uuid(rows, i, 1);
		char one[UUID_TEXT_SIZE], other[UUID_TEXT_SIZE], at[MOMENT_TEXT_SIZE];
		uuid_print(&a, one);
		uuid_print(&b, other);
		if (asked.json) {
			json_array_append_new(shown->refused_lines, json_pack("{ss ss so ss}", "a", one, "b",
									      other, "at", moment_text(rows, i, 2),
									      "why", postgres_text(rows, i, 3)));
			continue;
		}
		moment_print_second(postgres_moment(rows, i, 2), at);
		printf("%s  said, but joins nothing: %.8s and %.8s are one; %s\n", at, one, other,
		       why_refused(postgres_text(rows, i, 3)));
	}
	return true;
}

static bool show(struct ctl *ctl, struct postgres *postgres, struct uuid *ret_contact, struct shown *shown,
		 struct fail *fail)
{
	struct postgres_value values[2];
	bool fits = postgres_value_uuid(ret_contact, &values[0]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, LINES_MAX, &values[1]);
	CHECK(fits);
	return contact_word_id(ctl, postgres, "identity show", asked.contact, ret_contact, fail) &&
	       postgres_add(postgres, &list_actors, values, on_actors, shown, fail) &&
	       postgres_add(postgres, &list_refused, values, on_refused, shown, fail) &&
	       ctl_turn(postgres, fail) &&
	       (shown->actors > 0 || fail_set(fail, FAIL_FATAL, EXIT_FOUND,
					      "nobody is known by this, or has consented to being known"));
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct uuid contact;
	struct shown shown = {.actor_lines = json_array(), .refused_lines = json_array()};
	struct postgres *postgres = NULL;
	terminal_start();
	bool done = ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    show(ctl, postgres, &contact, &shown, &fail);
	postgres_destroy(postgres);
	if (done && asked.json) {
		char text[UUID_TEXT_SIZE];
		uuid_print(&contact, text);
		json_line_print(json_pack("{ss sO sO}", "contact", text, "actors", shown.actor_lines, "refused",
					  shown.refused_lines),
				0);
	}
	json_decref(shown.actor_lines);
	json_decref(shown.refused_lines);
	return done ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

const struct command identity_show_command = {
	.words = "identity show",
	.summary = "by whom a contact is known, since when and how",
	.details =
		"CONTACT is an id as report phases shows it, its first 8 digits or more, or - for an address on "
		"stdin.\n"
		"Its browsers and the like with whose touches are whose, its addresses, logins and records in a "
		"CRM with "
		"what they\n"
		"were joined to; and what was said of them that joins nothing, with why. By keyed hashes. Needs\n"
		"phased_reader. Exit 1: nobody is known by this. At most 1000 lines.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, true},
	.run = run,
};
