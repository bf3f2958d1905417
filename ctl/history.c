#include "ctl/history.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "core/flow/fold_input.h"
#include "ctl/known.h"
#include "ctl/model_word.h"

struct entry {
	struct fold_touch touch; /* first: for fold_compare() */
	const char *content;
};

struct reading {
	struct ctl *ctl;
	const char *text; /* of the model */
	size_t text_size;
	struct entry *entries;
	size_t count;
	const struct model_process *process;
};

static const struct postgres_statement read_model = {
	.name = "read_model",
	.sql = "SELECT text FROM report.model WHERE CASE WHEN EXISTS (SELECT FROM report.evidence WHERE "
	       "contact_id = $1) "
	       "THEN model = (SELECT model FROM report.evidence WHERE contact_id = $1 LIMIT 1) ELSE in_force END",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};
static const struct postgres_statement read_evidence = {
	.name = "read_evidence",
	.sql = "SELECT at, event, place, mail_click, link, confirm, content FROM report.evidence WHERE contact_id "
	       "= $1 "
	       "AND process = $2 AND at <= $3 LIMIT 100001",
	.parameter_count = 3,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_TEXT, false}, {POSTGRES_TIMESTAMPTZ, false}},
};
/* The same of touches by whom they are recorded on. */
static const struct postgres_statement read_known = {
	.name = "read_known",
	.sql = "SELECT t.at, t.event, r.place, r.mail_click AND (d.cleared & 1024) = 0, r.link, r.confirm, "
	       "r.content FROM "
	       "unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::boolean[]) AS s (actor_id, from_at, "
	       "to_at, "
	       "if_weak) JOIN report.recorded t ON t.actor_id = s.actor_id AND t.at >= s.from_at AND t.at < "
	       "s.to_at AND "
	       "(t.weak OR NOT s.if_weak) JOIN report.subject_rule r ON r.subject_id = t.subject_id AND r.version "
	       "= $9 "
	       "CROSS JOIN (SELECT coalesce(max(c.cleared), 0) AS cleared FROM report.machine_cleared c WHERE "
	       "c.contact_id "
	       "= $8) AS d WHERE r.process = $5 AND t.at <= $6 AND t.received <= $7 AND (t.reasons & ~d.cleared) "
	       "= 0 AND "
	       "(r.confirm <> 0 OR (t.party = 1 AND r.place IS NOT NULL)) LIMIT 100001",
	.parameter_count = 9,
	.parameters = {{POSTGRES_UUID, true},
		       {POSTGRES_TIMESTAMPTZ, true},
		       {POSTGRES_TIMESTAMPTZ, true},
		       {POSTGRES_BOOL, true},
		       {POSTGRES_TEXT, false},
		       {POSTGRES_TIMESTAMPTZ, false},
		       {POSTGRES_TIMESTAMPTZ, false},
		       {POSTGRES_UUID, false},
		       {POSTGRES_INT8, false}},
};
_Static_assert(HISTORY_TOUCHES_MAX == 100000, "read_evidence and read_known ask for one more");

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "the history does not fit into memory");
}

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	if (postgres_count(rows) == 1) {
		const char *text = postgres_text(rows, 0, 0);
		reading->text_size = strlen(text);
		reading->text = arena_text(&reading->ctl->arena, text, reading->text_size);
		return reading->text != NULL || no_room(fail);
	}
	return true;
}

static struct fold_touch fold_touch_of(const struct postgres_rows *rows, size_t i)
{
	return fold_input(postgres_moment(rows, i, 0), (uint64_t)postgres_int(rows, i, 1), 0,
			  (int)postgres_int(rows, i, 2), postgres_int(rows, i, 3) != 0,
			  (uint64_t)postgres_int(rows, i, 4), (uint16_t)postgres_int(rows, i, 5));
}

static bool on_evidence(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reading *reading = context;
	struct arena *arena = &reading->ctl->arena;
	reading->count = postgres_count(rows);
	if (reading->count > HISTORY_TOUCHES_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"more than %d touches: too long a history for one person", HISTORY_TOUCHES_MAX);
	}
	reading->entries = arena_array(arena, reading->count + 1, sizeof(*reading->entries));
	if (reading->entries == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < reading->count; i++) {
		struct entry *entry = &reading->entries[i];
		*entry = (struct entry){.touch = fold_touch_of(rows, i)};
		CHECK(entry->touch.kind != FOLD_TOUCH || entry->touch.rule < reading->process->rule_count);
		if (!postgres_is_null(rows, i, 6)) {
			const char *content = postgres_text(rows, i, 6);
			entry->content = arena_text(arena, content, strlen(content));
			if (entry->content == NULL) {
				return no_room(fail);
			}
		}
	}
	return true;
}

static bool fold(struct reading *reading, struct arena *arena, struct history *history)
{
	size_t count = reading->count;
	bool *scratch = arena_array(arena, count + 1, sizeof(*scratch));
	history->count = count;
	history->touches = arena_array(arena, count + 1, sizeof(*history->touches));
	history->contents = arena_array(arena, count + 1, sizeof(*history->contents));
	history->counted = arena_array(arena, count + 1, sizeof(*history->counted));
	if (scratch == NULL || history->touches == NULL || history->contents == NULL || history->counted == NULL) {
		return false;
	}
	qsort(reading->entries, count, sizeof(*reading->entries), fold_compare);
	for (size_t i = 0; i < count; i++) {
		history->touches[i] = reading->entries[i].touch;
		history->contents[i] = reading->entries[i].content;
	}
	fold_process_init(&history->fold, history->process);
	fold_all(&history->fold, history->touches, count, scratch, &history->state, history->counted, NULL, NULL);
	fold_view(&history->fold, &history->state, history->at_ms, &history->view);
	return true;
}

/* Moments count by their millisecond, as in the fold. */
static bool put_at(struct arena *arena, const struct history *history, struct postgres_value *ret_value)
{
	return postgres_value_moment(arena, history->at_ms * MOMENT_MS_US + MOMENT_MS_US - 1, ret_value);
}

static bool read_all(struct reading *reading, struct postgres *postgres, const struct history *history,
		     struct fail *fail)
{
	struct postgres_value values[3];
	bool fits = postgres_value_uuid(&history->contact, &values[0]) &&
		    postgres_value_text(reading->process->name, &values[1]) &&
		    put_at(&reading->ctl->arena, history, &values[2]);
	return (fits || no_room(fail)) &&
	       postgres_add(postgres, &read_evidence, values, on_evidence, reading, fail) &&
	       ctl_turn(postgres, fail);
}

static bool read_known_by(struct reading *reading, struct postgres *postgres, const struct history *history,
			  int64_t known_us, struct fail *fail)
{
	struct arena *arena = &reading->ctl->arena;
	struct known_span *spans;
	size_t count;
	if (!known_spans(reading->ctl, postgres, &history->contact, known_us, &spans, &count, fail)) {
		return false;
	}
	static const enum postgres_type types[4] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ,
						    POSTGRES_BOOL};
	struct postgres_array arrays[4];
	struct postgres_value values[9];
	for (unsigned n = 0; n < 4; n++) {
		postgres_array_init(&arrays[n], arena, types[n], count);
	}
	for (size_t i = 0; i < count; i++) {
		postgres_array_uuid(&arrays[0], &spans[i].actor_id);
		postgres_array_moment(&arrays[1], spans[i].from_us);
		postgres_array_moment(&arrays[2], spans[i].to_us);
		postgres_array_int(&arrays[3], spans[i].if_weak);
	}
	bool fits = postgres_value_text(reading->process->name, &values[4]) &&
		    put_at(arena, history, &values[5]) && postgres_value_moment(arena, known_us, &values[6]) &&
		    postgres_value_uuid(&history->contact, &values[7]) &&
		    postgres_value_int(arena, POSTGRES_INT8, (int64_t)history->model->version, &values[8]);
	for (unsigned n = 0; n < 4; n++) {
		fits = fits && postgres_array_value(&arrays[n], &values[n]);
	}
	return (fits || no_room(fail)) &&
	       postgres_add(postgres, &read_known, values, on_evidence, reading, fail) && ctl_turn(postgres, fail);
}

bool history_read(struct ctl *ctl, struct postgres *postgres, const struct uuid *contact, const char *process,
		  int64_t at_us, int64_t known_us, struct history *ret_history, struct fail *fail)
{
	struct reading reading = {.ctl = ctl};
	struct history *history = ret_history;
	struct model *model;
	*history = (struct history){.contact = *contact, .at_ms = moment_floor(at_us, MOMENT_MS_US)};
	struct postgres_value id;
	/* The places of rules are those of the contact's model: both are read as of one moment. */
	if (!postgres_value_uuid(contact, &id) || !ctl_begin_reading(postgres, fail) ||
	    !postgres_add(postgres, &read_model, &id, on_model, &reading, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	if (reading.text == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"no model is in force yet: run phasectl model accept");
	}
	if (!model_file_parse(reading.text, reading.text_size, &ctl->arena, &model, fail) ||
	    !model_word_process("--process", &process, "the model in force", model, &history->process, fail)) {
		return false;
	}
	history->model = model;
	reading.process = history->process;
	bool read = known_us == INT64_MAX ? read_all(&reading, postgres, history, fail)
					  : read_known_by(&reading, postgres, history, known_us, fail);
	if (!read) {
		return false;
	}
	if (reading.count == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "nothing is known of this contact in process %s",
				process);
	}
	return fold(&reading, &ctl->arena, history) || no_room(fail);
}
