/*
 * phasectl rejects show: one rejected message: why, and whether it would be taken today. Only reads; never shows what is in
 * the message.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/model/outcome.h"
#include "ctl/json_line.h"
#include "ctl/rejects.h"
#include "ctl/terminal.h"

static struct {
	const char *place;
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "a JSON object"},
	{0},
};

static const struct postgres_statement find = {
	.name = "find",
	.sql = REJECT_COLUMNS "WHERE r.topic = $1 AND r.partition = $2 AND r.\"offset\" = $3",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_INT4, false}, {POSTGRES_INT8, false}},
};

/* What would become of it today. */
struct today {
	const char *log;      /* is it in the log */
	enum outcome outcome; /* OUTCOME_COUNT: not known */
	struct reject reject;
};

static bool load(struct ctl *ctl, const struct reject_entry *place, struct reject_entries *entries,
		 struct fail *fail)
{
	struct postgres *postgres = ctl_connect_to_schema(ctl, fail);
	struct postgres_value values[3];
	bool good = postgres != NULL && postgres_value_text(place->topic, &values[0]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT4, place->partition, &values[1]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, place->offset, &values[2]) &&
		    postgres_add(postgres, &find, values, rejects_on_rows, entries, fail) &&
		    ctl_turn(postgres, fail);
	postgres_destroy(postgres);
	if (good && entries->count == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND,
				"%s/%" PRId64 "@%" PRId64 ": no such row in rejected", place->topic,
				place->partition, place->offset);
	}
	return good;
}

static void look(struct ctl *ctl, const struct reject_entries *entries, struct today *today)
{
	static const char *const words[] = {[KAFKA_UNREAD] = "unknown",
					    [KAFKA_FOUND] = "in the log",
					    [KAFKA_GONE] = "not in the log",
					    [KAFKA_NO_PARTITION] = "no such partition"};
	struct fail fail;
	*today = (struct today){.log = "unknown", .outcome = OUTCOME_COUNT};
	const struct kafka_record *record = rejects_read(ctl, entries, &fail);
	if (record == NULL) {
		fprintf(stderr, "phasectl: rejects show: %s: what the log holds is not shown\n", fail.text);
		return;
	}
	bool is_other = record->found == KAFKA_FOUND && !rejects_is_same(entries->rows, record);
	today->log = is_other ? "another message is there" : words[record->found];
	if (record->found == KAFKA_FOUND && !is_other && !rejects_is_collectors(ctl, entries->rows)) {
		today->outcome = rejects_would_be(ctl, record, &today->reject);
		text_show(today->reject.field);
	}
}

static void print_json(const struct reject_entry *entry, const struct today *today)
{
	json_t *object = rejects_json(entry);
	json_object_set_new(object, "log", json_string(today->log));
	json_object_set_new(object, "today",
			    today->outcome == OUTCOME_COUNT  ? json_null()
			    : today->outcome == OUTCOME_NONE ? json_string("taken")
							     : json_string(outcome_about[today->outcome].name));
	json_line_print(object, 0);
}

static const char *help_of(const char *reason)
{
	for (int i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
		if (strcmp(outcome_about[i].name, reason) == 0) {
			return outcome_about[i].help;
		}
	}
	return "a reason of another version";
}

static void print_pair(const char *name, const char *value, const char *more)
{
	char cell[TERMINAL_CELL_SIZE];
	terminal_fit(value, terminal_width(value) < 256 ? terminal_width(value) + 1 : 256, false, cell);
	size_t size = strlen(cell);
	while (size > 0 && cell[size - 1] == ' ') {
		cell[--size] = '\0';
	}
	printf("%-12s %s%s%s\n", name, cell, more[0] != '\0' ? ": " : "", more);
}

static void print_moment(const char *name, int64_t us)
{
	char words[MOMENT_TEXT_SIZE] = "never";
	if (us != INT64_MIN) {
		moment_print(us, words);
	}
	print_pair(name, words, "");
}

static void print_table(struct ctl *ctl, const struct reject_entry *entry, const struct today *today)
{
	char place[320], size[24], hash[24];
	snprintf(place, sizeof(place), "%s/%" PRId64 "@%" PRId64, entry->topic, entry->partition, entry->offset);
	snprintf(size, sizeof(size), "%" PRId64, entry->size);
	snprintf(hash, sizeof(hash), "%016" PRIx64, entry->hash);
	print_pair("message", place, "");
	print_pair("reason", entry->reason, help_of(entry->reason));
	print_pair("field", entry->field[0] != '\0' ? entry->field : "-", "");
	print_pair("source", entry->source[0] != '\0' ? entry->source : "-", "");
	print_pair("size", size, "");
	print_pair("hash", hash, "");
	print_moment("record", entry->at_us);
	print_moment("noted", entry->noted_us);
	print_moment("tried again", entry->retried_us);
	if (rejects_is_collectors(ctl, entry)) {
		print_pair("today", "reported by the collector: there is no event to be tried again", "");
		return;
	}
	print_pair("log", today->log, "");
	if (today->outcome == OUTCOME_NONE) {
		print_pair("today", "would be taken: phasectl rejects retry sends it again", "");
	} else if (today->outcome != OUTCOME_COUNT) {
		char words[160];
		snprintf(words, sizeof(words), "would be rejected as %s%s%s", outcome_about[today->outcome].name,
			 today->reject.field[0] != '\0' ? " at " : "", today->reject.field);
		print_pair("today", words, "");
	}
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct reject_entry place;
	struct reject_entries entries = {.arena = &ctl->arena};
	struct today today;
	terminal_start();
	if (!ctl_read_conf_for_kafka(ctl, &fail) || !rejects_place(asked.place, &ctl->arena, &place, &fail) ||
	    !load(ctl, &place, &entries, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	look(ctl, &entries, &today);
	if (asked.json) {
		print_json(entries.rows, &today);
	} else {
		print_table(ctl, entries.rows, &today);
	}
	return EXIT_DONE;
}

const struct command rejects_show_command = {
	.words = "rejects show",
	.summary = "one rejected message: why, and whether it would be taken today",
	.details = "Reads the message again where its log still holds it and says what a daemon of this version "
		   "would make "
		   "of it.\n"
		   "Never shows what is in it. Needs phased_monitor or phased_writer, and Kafka for the last "
		   "lines. Exit 1: "
		   "there\n"
		   "is no such row.",
	.options = options,
	.operand = {"TOPIC/PARTITION@OFFSET", &asked.place, true},
	.run = run,
};
