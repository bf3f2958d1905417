#include "tests/vectors/vectors.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"

static FILE *open_file(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "tests/vectors/%s", name);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		perror(path);
		abort();
	}
	return file;
}

static unsigned frequency_read(const char *word)
{
	return strcmp(word, "common") == 0 ? RULE_COMMON : strcmp(word, "normal") == 0 ? RULE_NORMAL : RULE_RARE;
}

static void read_rule(struct vectors *vectors, char *line)
{
	unsigned r = vectors->model.rule_count++;
	struct model_rule *rule = &vectors->rules[r];
	for (unsigned column = 0; column < 5 + 2 * PHASE_STATES; column++) {
		char *word = strsep(&line, ",\n");
		CHECK(word != NULL);
		if (column == 0) {
			snprintf(vectors->rule_names[r], VECTOR_NAME_SIZE, "%s", word);
			rule->name = vectors->rule_names[r];
		} else if (column == 1) {
			rule->channel = (enum channel)channel_read(word);
		} else if (column == 2) {
			rule->frequency = frequency_read(word);
		} else if (column == 3) {
			rule->ignored = strcmp(word, "ignored") == 0;
		} else if (column == 4) {
			vectors->mail_click[r] = word[0] == '1';
		} else if (column < 5 + PHASE_STATES) {
			rule->points[column - 5] = (unsigned)strtoul(word, NULL, 10);
		} else {
			vectors->weights[r][column - 5 - PHASE_STATES] = strtod(word, NULL);
		}
	}
}

static void read_rules(struct vectors *vectors)
{
	vectors->model = (struct model_process){
		.name = "standard",
		.states = PHASE_STATES,
		.state_names = {"none", "problem", "research", "suppliers", "doubt", "convince", "funds",
				"accept"},
		.state_main = {MAIN_NONE, MAIN_EARLY, MAIN_EARLY, MAIN_MID, MAIN_MID, MAIN_LATE, MAIN_LATE,
			       MAIN_LATE},
		.prior = {.10, .30, .25, .15, .10, .05, .03, .02},
		.entry = {0, .5, .3, .2},
		.dwell_days = 20,
		.dwell_none_days = 90,
		.back = .25,
		.stall = .20,
		.unit = .5,
		.power = MODEL_POWERS_HALF,
		.rules = vectors->rules,
	};
	FILE *file = open_file("rules.csv");
	char line[1024];
	CHECK(fgets(line, sizeof(line), file) != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		read_rule(vectors, line);
	}
	fclose(file);
	fold_process_init(&vectors->process, &vectors->model);
}

static uint16_t rule_number(const struct vectors *vectors, const char *name)
{
	for (unsigned r = 0; r < vectors->model.rule_count; r++) {
		if (strcmp(vectors->rule_names[r], name) == 0) {
			return (uint16_t)r;
		}
	}
	CHECK(!"a rule that rules.csv has not");
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static int64_t integer_of(const json_t *object, const char *key)
{
	CHECK(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static json_t *next_line(FILE *file)
{
	char line[4096];
	if (fgets(line, sizeof(line), file) == NULL) {
		return NULL;
	}
	json_t *object = json_loads(line, 0, NULL);
	CHECK(object != NULL);
	return object;
}

/* By id, the copy received first in front. */
static int compare_copies(const void *a, const void *b)
{
	const struct vector_touch *one = a, *other = b;
	int order = strcmp(one->id, other->id);
	if (order == 0 && one->received_ms != other->received_ms) {
		order = one->received_ms < other->received_ms ? -1 : 1;
	}
	return order;
}

static int compare_places(const void *a, const void *b)
{
	const struct vector_touch *one = a, *other = b;
	int order = strcmp(one->contact, other->contact);
	return order != 0 ? order : fold_compare(&one->touch, &other->touch);
}

static void read_touch(struct vectors *vectors, const json_t *object)
{
	CHECK(vectors->touch_count < VECTOR_TOUCHES_MAX);
	struct vector_touch *row = &vectors->touches[vectors->touch_count++];
	snprintf(row->id, sizeof(row->id), "%s", text_of(object, "id"));
	snprintf(row->contact, sizeof(row->contact), "%s", text_of(object, "contact"));
	row->received_ms = integer_of(object, "received_ms");
	const char *link = text_of(object, "link");
	uint16_t rule = rule_number(vectors, text_of(object, "rule"));
	row->touch = (struct fold_touch){
		.ms = integer_of(object, "ts_ms"),
		.rule = rule,
		.mail_click = vectors->mail_click[rule],
		.link = link[0] != '\0' ? hash_64(&(struct hash_piece){link, strlen(link)}, 1) : 0,
	};
}

static void read_touches(struct vectors *vectors)
{
	FILE *file = open_file("touches.ndjson");
	for (json_t *object; (object = next_line(file)) != NULL;) {
		read_touch(vectors, object);
		json_decref(object);
	}
	fclose(file);
	qsort(vectors->touches, vectors->touch_count, sizeof(*vectors->touches), compare_copies);
	size_t kept = 0;
	for (size_t i = 0; i < vectors->touch_count; i++) {
		if (kept == 0 || strcmp(vectors->touches[kept - 1].id, vectors->touches[i].id) != 0) {
			vectors->touches[kept] = vectors->touches[i];
			vectors->touches[kept].touch.id = kept;
			kept++;
		}
	}
	vectors->touch_count = kept;
	qsort(vectors->touches, kept, sizeof(*vectors->touches), compare_places);
}

static void read_answer(struct vectors *vectors, const json_t *object)
{
	CHECK(vectors->answer_count < VECTOR_ANSWERS_MAX);
	struct vector_answer *row = &vectors->answers[vectors->answer_count++];
	snprintf(row->contact, sizeof(row->contact), "%s", text_of(object, "contact"));
	snprintf(row->reported, sizeof(row->reported), "%s", text_of(object, "reported"));
	snprintf(row->band, sizeof(row->band), "%s", text_of(object, "band"));
	snprintf(row->shown, sizeof(row->shown), "%s", text_of(object, "shown"));
	row->ms = integer_of(object, "ts_ms");
	row->counted = integer_of(object, "counted");
	row->activity = json_number_value(json_object_get(object, "activity"));
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		const json_t *number =
			json_object_get(json_object_get(object, "posterior"), vectors->model.state_names[k]);
		CHECK(number != NULL);
		row->posterior[k] = json_number_value(number);
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		const json_t *number =
			json_object_get(json_object_get(object, "main"), main_phase_name((enum main_phase)m));
		CHECK(number != NULL);
		row->main[m] = json_number_value(number);
	}
}

struct vectors *vectors_read(void)
{
	struct vectors *vectors = calloc(1, sizeof(*vectors));
	CHECK(vectors != NULL);
	read_rules(vectors);
	read_touches(vectors);
	FILE *file = open_file("expected.ndjson");
	for (json_t *object; (object = next_line(file)) != NULL;) {
		read_answer(vectors, object);
		json_decref(object);
	}
	fclose(file);
	return vectors;
}

size_t vectors_of(const struct vectors *vectors, const char *contact, int64_t ms, struct fold_touch *ret_touches)
{
	size_t count = 0;
	for (size_t i = 0; i < vectors->touch_count; i++) {
		const struct vector_touch *row = &vectors->touches[i];
		if (strcmp(row->contact, contact) == 0 && row->touch.ms <= ms) {
			ret_touches[count++] = row->touch;
		}
	}
	return count;
}
