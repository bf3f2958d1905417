/*
 * phasectl at: which phase a contact was in at a moment, by what had been done until then.
 *
 * Folded here, from what the database says: nothing is written.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/flow/since.h"
#include "ctl/contact_word.h"
#include "ctl/history.h"
#include "ctl/report_phases.h"
#include "ctl/terminal.h"

static struct {
	const char *contact, *process, *time, *known_by;
	bool json;
} asked = {.process = "standard"};

static const struct option_about options[] = {
	{"time", "TIME", OPTION_TEXT, &asked.time, 0, 0,
	 "the moment, as 2026-11-25T14:30:00Z: what was done until then counts,\nwhenever it became known"},
	{"known-by", "TIME", OPTION_TEXT, &asked.known_by, 0, 0,
	 "only what had become known by then: what could have been shown"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "the process (default: standard)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object"},
	{0},
};

struct person {
	struct arena *arena;
	struct report_row *row;
};

static const struct postgres_statement read_person = {
	.name = "read_person",
	.sql = "SELECT " REPORT_PERSON_COLUMNS " FROM report.person p WHERE p.contact_id = $1",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};

static bool on_person(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct person *person = context;
	return postgres_count(rows) == 0 || report_person_read(person->arena, rows, 0, 0, person->row, fail);
}

/* Address, name, role and account, where the database role may see them. */
static bool fill_person(struct ctl *ctl, struct postgres *postgres, struct report_row *row, struct fail *fail)
{
	struct person person = {&ctl->arena, row};
	struct postgres_value value;
	bool may = false;
	return report_may_see_people(postgres, &may, fail) &&
	       (!may || (postgres_value_uuid(&row->contact, &value) &&
			 postgres_add(postgres, &read_person, &value, on_person, &person, fail) &&
			 ctl_turn(postgres, fail)));
}

/* "web email": of the touches that count; NULL: the arena is full. */
static const char *channels_of(const struct phase_state *state, struct arena *arena)
{
	const char *words = "";
	for (int channel = CHANNEL_UNSAID; channel < CHANNEL_COUNT && words != NULL; channel++) {
		if ((state->channels & 1u << channel) != 0) {
			words = arena_print(arena, "%s%s%s", words, words[0] != '\0' ? " " : "",
					    channel_name((enum channel)channel));
		}
	}
	return words;
}

static bool fill_row(const struct history *history, struct arena *arena, struct report_row *row, struct fail *fail)
{
	const struct phase_view *view = &history->view;
	bool *scratch = arena_array(arena, history->count + 1, sizeof(*scratch));
	row->model = arena_print(arena, "%016llx", (unsigned long long)history->model->version);
	row->channels = channels_of(&history->state, arena);
	if (scratch == NULL || row->model == NULL || row->channels == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	int64_t since_ms = since_shown(&history->fold, history->touches, history->count, history->at_ms,
				       view->shown, scratch);
	row->process = history->process->name;
	row->phase = shown_name(view->shown);
	row->fine =
		view->fine > 0 && view->shown >= SHOWN_EARLY ? history->process->state_names[view->fine] : NULL;
	row->since_us = since_ms == SINCE_NEVER ? INT64_MIN : since_ms * MOMENT_MS_US;
	row->last_us = history->state.counted_ms == 0 ? INT64_MIN : history->state.counted_ms * MOMENT_MS_US;
	row->early = view->main[MAIN_EARLY];
	row->mid = view->main[MAIN_MID];
	row->late = view->main[MAIN_LATE];
	row->confidence = band_name(view->band);
	row->activity = view->activity;
	row->quiet = view->quiet;
	row->touches = view->counted;
	row->posterior = view->posterior;
	row->state_names = history->process->state_names;
	row->state_count = history->process->states;
	return true;
}

static void print(const struct history *history, const struct report_row *row)
{
	if (asked.json) {
		report_json_print(row);
		return;
	}
	char when[MOMENT_TEXT_SIZE];
	struct report_table table = {.now_us = history->at_ms * MOMENT_MS_US};
	moment_print(table.now_us, when);
	terminal_start();
	report_table_print(&table, row, 1, row->address != NULL);
	printf("As of %s, %s%s.\n", when, asked.known_by != NULL ? "known by " : "",
	       asked.known_by != NULL ? asked.known_by : "whenever it became known");
}

static bool read_times(int64_t *ret_at_us, int64_t *ret_known_us, struct fail *fail)
{
	*ret_known_us = INT64_MAX;
	if (asked.time == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--time: needed, as 2026-11-25T14:30:00Z");
	}
	return ctl_read_time("--time", asked.time, ret_at_us, fail) &&
	       (asked.known_by == NULL || ctl_read_time("--known-by", asked.known_by, ret_known_us, fail));
}

static bool answer(struct ctl *ctl, struct fail *fail)
{
	static struct history history;
	struct report_row row = {0};
	int64_t at_us = 0, known_us = 0;
	if (!read_times(&at_us, &known_us, fail) || !ctl_read_conf(ctl, fail)) {
		return false;
	}
	struct postgres *postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, fail);
	bool good = postgres != NULL && contact_word_id(ctl, postgres, "at", asked.contact, &row.contact, fail) &&
		    fill_person(ctl, postgres, &row, fail) &&
		    history_read(ctl, postgres, &row.contact, asked.process, at_us, known_us, &history, fail);
	postgres_destroy(postgres);
	if (!good || !fill_row(&history, &ctl->arena, &row, fail)) {
		return false;
	}
	print(&history, &row);
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	if (!answer(ctl, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command at_command = {
	.words = "at",
	.summary = "which phase a contact was in at a moment",
	.details = "CONTACT is an id as report phases shows it, its first 8 digits or more, or - for an address "
		   "on stdin.\n"
		   "What was done until then is folded by the model of now, for that very moment; what time alone "
		   "does, report\n"
		   "phases shows at the next full hour. Needs phased_reader. Exit 1: nothing is known of then.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, true},
	.run = run,
};
