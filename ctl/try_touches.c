/*
 * Reads touches, chooses among copies, sorts. Of the copies of an event the one received first stands, then the smaller
 * time, then the other columns in order; the choice is made here, before any question cuts at a time.
 */
#include "ctl/try_touches.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/flow/fold.h"
#include "ctl/lines.h"

#define ID_SIZE_MAX 128
#define CONTACT_SIZE_MAX 256
#define LINK_SIZE_MAX 2048
#define YEAR_9999_MS INT64_C(253402300799999)
#define LINE_MEMORY ((size_t)4 * 1024 * 1024)

struct row {
	const char *contact, *id;
	int64_t received_ms;
	struct fold_touch touch; /* id: the place of its id among all, compared as bytes */
	bool dropped;		 /* made by a machine, or never evidence */
};

struct try_memory {
	struct arena texts; /* and rows, one after another in pieces */
	struct arena line;
	struct row **rows;
	size_t count, room;
};

struct reading {
	struct lines lines;
	struct try_memory *memory;
	const struct model_process *process;
};

/* ---- A line ---- */

static bool read_text(struct reading *reading, const struct json_node *root, const char *key, size_t max,
		      bool needed, const char **ret_text)
{
	const struct json_node *node = json_get(root, key);
	if (node == NULL) {
		*ret_text = "";
		return !needed || lines_complain(&reading->lines, "\"%s\" is missing", key);
	}
	if (node->kind != JSON_TEXT || strlen(node->text) > max || (needed && node->text[0] == '\0')) {
		return lines_complain(&reading->lines, "\"%s\" must be a text of %d to %zu bytes", key,
				      needed ? 1 : 0, max);
	}
	*ret_text = node->text;
	return true;
}

static bool read_ms(struct reading *reading, const struct json_node *root, const char *key, int64_t *ret_ms)
{
	const struct json_node *node = json_get(root, key);
	if (node == NULL) {
		return lines_complain(&reading->lines, "\"%s\" is missing", key);
	}
	if (node->kind != JSON_NUMBER || !node->is_whole || node->whole < 0 || node->whole > YEAR_9999_MS) {
		return lines_complain(&reading->lines, "\"%s\" must be whole milliseconds from 1970 to 9999", key);
	}
	*ret_ms = node->whole;
	return true;
}

static bool read_machine(struct reading *reading, const struct json_node *root, struct row *row)
{
	const struct json_node *node = json_get(root, "machine");
	if (node != NULL && node->kind != JSON_BOOL) {
		return lines_complain(&reading->lines, "\"machine\" must be true or false");
	}
	row->dropped = node != NULL && node->flag;
	return true;
}

static bool only_known_keys(struct reading *reading, const struct json_node *root)
{
	static const char *const words[] = {"id",   "contact", "ts_ms",	  "received_ms", "rule",
					    "link", "machine", "confirm", "closed",	 "action"};
	for (size_t i = 0; i < root->count; i++) {
		bool known = false;
		for (size_t w = 0; w < COUNT_OF(words) && !known; w++) {
			known = strcmp(words[w], root->keys[i]) == 0;
		}
		if (!known) {
			const char *nearest = text_nearest(root->keys[i], words, COUNT_OF(words));
			char key[64];
			snprintf(key, sizeof(key), "%s", root->keys[i]);
			text_show(key);
			return lines_complain(&reading->lines, "unknown key \"%s\"%s%s%s", key,
					      nearest != NULL ? "; did you mean \"" : "",
					      nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
		}
	}
	return true;
}

static bool find_rule(struct reading *reading, const char *name, uint16_t *ret_rule)
{
	const struct model_process *process = reading->process;
	const char *names[PHASE_RULES_MAX];
	for (unsigned r = 0; r < process->rule_count; r++) {
		names[r] = process->rules[r].name;
		if (strcmp(names[r], name) == 0) {
			*ret_rule = (uint16_t)r;
			return true;
		}
	}
	const char *nearest = text_nearest(name, names, process->rule_count);
	char shown[64];
	snprintf(shown, sizeof(shown), "%s", name);
	text_show(shown);
	return lines_complain(&reading->lines, "\"rule\": process %s has no \"%s\"%s%s%s", process->name, shown,
			      nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
			      nearest != NULL ? "\"?" : "");
}

/* A line that says no action was made by what its rule is for: the rule's example. */
static bool read_evidence(struct reading *reading, const struct json_node *root, struct row *row)
{
	const char *rule = "", *link = "", *action_word = "";
	if (!read_text(reading, root, "rule", MODEL_NAME_SIZE_MAX, true, &rule) ||
	    !find_rule(reading, rule, &row->touch.rule) ||
	    !read_text(reading, root, "link", LINK_SIZE_MAX, false, &link) ||
	    !read_text(reading, root, "action", MODEL_NAME_SIZE_MAX, false, &action_word)) {
		return false;
	}
	const struct model_rule *about = &reading->process->rules[row->touch.rule];
	int action = about->example != NULL	       ? about->example->action
		     : about->channel == CHANNEL_EMAIL ? ACTION_EMAIL_CLICK
						       : ACTION_CUSTOM;
	if (action_word[0] != '\0') {
		action = action_read(action_word);
		if (action < 0) {
			return lines_complain(&reading->lines, "\"action\" is none of the actions of an event");
		}
	}
	row->dropped = row->dropped || !action_is_evidence(action, about->channel);
	row->touch.mail_click = action == ACTION_EMAIL_CLICK;
	row->touch.link = link[0] != '\0' ? hash_64(&(struct hash_piece){link, strlen(link)}, 1) : 0;
	return true;
}

static bool read_confirm(struct reading *reading, const char *word, struct row *row)
{
	const struct model_process *process = reading->process;
	unsigned mask = 0;
	for (unsigned k = 1; k < process->states; k++) {
		if (strcmp(word, process->state_names[k]) == 0 ||
		    strcmp(word, main_phase_name(process->state_main[k])) == 0) {
			mask |= 1u << k;
		}
	}
	row->touch.kind = FOLD_CONFIRM;
	row->touch.rule = (uint16_t)mask;
	return mask != 0 || lines_complain(&reading->lines, "\"confirm\" is no main or fine phase of process %s",
					   process->name);
}

static bool read_closed(struct reading *reading, const char *word, struct row *row)
{
	row->touch.kind = FOLD_CLOSE;
	return strcmp(word, opportunity_state_name(OPPORTUNITY_WON)) == 0 ||
	       strcmp(word, opportunity_state_name(OPPORTUNITY_LOST)) == 0 ||
	       lines_complain(&reading->lines, "\"closed\" is neither \"won\" nor \"lost\"");
}

static bool read_row(struct reading *reading, const struct json_node *root, struct row *row)
{
	const char *confirm = "", *closed = "";
	*row = (struct row){.touch = {.kind = FOLD_TOUCH}};
	return only_known_keys(reading, root) && read_text(reading, root, "id", ID_SIZE_MAX, true, &row->id) &&
	       read_text(reading, root, "contact", CONTACT_SIZE_MAX, true, &row->contact) &&
	       read_ms(reading, root, "ts_ms", &row->touch.ms) &&
	       read_ms(reading, root, "received_ms", &row->received_ms) && read_machine(reading, root, row) &&
	       read_text(reading, root, "confirm", MODEL_NAME_SIZE_MAX, false, &confirm) &&
	       read_text(reading, root, "closed", MODEL_NAME_SIZE_MAX, false, &closed) &&
	       (confirm[0] != '\0'  ? read_confirm(reading, confirm, row)
		: closed[0] != '\0' ? read_closed(reading, closed, row)
				    : read_evidence(reading, root, row));
}

/* ---- All lines ---- */

static bool complain_memory(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA, "model try: more touches than %zu MiB of memory hold",
			TRY_MEMORY_MAX >> 20);
}

static bool keep_row(struct try_memory *memory, const struct row *row, struct fail *fail)
{
	if (memory->count == memory->room) {
		size_t room = memory->room == 0 ? 4096 : memory->room * 2;
		struct row **rows = realloc(memory->rows, room * sizeof(*rows));
		if (rows == NULL) {
			return complain_memory(fail);
		}
		memory->rows = rows;
		memory->room = room;
	}
	struct row *copy = arena_take(&memory->texts, sizeof(*copy));
	const char *id = arena_text(&memory->texts, row->id, strlen(row->id));
	const char *contact = arena_text(&memory->texts, row->contact, strlen(row->contact));
	if (copy == NULL || id == NULL || contact == NULL) {
		return complain_memory(fail);
	}
	*copy = *row;
	copy->id = id;
	copy->contact = contact;
	memory->rows[memory->count++] = copy;
	return true;
}

static bool read_rows(struct reading *reading, struct fail *fail)
{
	for (;;) {
		struct json_node *root;
		struct row row;
		switch (lines_next(&reading->lines, &root, fail)) {
		case LINES_ONE:
			if (read_row(reading, root, &row) && !keep_row(reading->memory, &row, fail)) {
				return false;
			}
			break;
		case LINES_BAD:
			break;
		case LINES_END:
			return true;
		case LINES_BROKEN:
			return false;
		}
	}
}

/* ---- Copies and order ---- */

static int compare_whole(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* By id; of one id the copy that stands in front. */
static int compare_copies(const void *a, const void *b)
{
	const struct row *one = *(const struct row *const *)a, *other = *(const struct row *const *)b;
	const int orders[] = {
		strcmp(one->id, other->id),
		compare_whole(one->received_ms, other->received_ms),
		compare_whole(one->touch.ms, other->touch.ms),
		strcmp(one->contact, other->contact),
		compare_whole(one->touch.kind, other->touch.kind),
		compare_whole(one->touch.rule, other->touch.rule),
		(one->touch.link > other->touch.link) - (one->touch.link < other->touch.link),
		compare_whole(one->touch.mail_click, other->touch.mail_click),
		compare_whole(one->dropped, other->dropped),
	};
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		if (orders[i] != 0) {
			return orders[i];
		}
	}
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct row *one = *(const struct row *const *)a, *other = *(const struct row *const *)b;
	int order = strcmp(one->contact, other->contact);
	return order != 0 ? order : fold_compare(&one->touch, &other->touch);
}

static void sort_rows(struct try_memory *memory)
{
	size_t kept = 0;
	const char *last_id = NULL;
	if (memory->count == 0) {
		return;
	}
	qsort(memory->rows, memory->count, sizeof(struct row *), compare_copies);
	for (size_t i = 0; i < memory->count; i++) {
		struct row *row = memory->rows[i];
		bool copy = last_id != NULL && strcmp(last_id, row->id) == 0;
		last_id = row->id;
		if (!copy && !row->dropped) {
			row->touch.id = i;
			memory->rows[kept++] = row;
		}
	}
	memory->count = kept;
	qsort(memory->rows, kept, sizeof(struct row *), compare_places);
}

static bool lay_out(struct try_memory *memory, struct try_touches *touches, struct fail *fail)
{
	touches->touches = arena_zero(&memory->texts, memory->count, sizeof(*touches->touches));
	touches->contacts = arena_zero(&memory->texts, memory->count, sizeof(*touches->contacts));
	if (touches->touches == NULL || touches->contacts == NULL) {
		return complain_memory(fail);
	}
	struct try_contact *contact = NULL;
	for (size_t i = 0; i < memory->count; i++) {
		touches->touches[i] = memory->rows[i]->touch;
		if (contact == NULL || strcmp(contact->name, memory->rows[i]->contact) != 0) {
			contact = &touches->contacts[touches->contact_count++];
			*contact = (struct try_contact){.name = memory->rows[i]->contact, .first = i};
		}
		contact->count++;
		touches->count_max = contact->count > touches->count_max ? contact->count : touches->count_max;
	}
	return true;
}

bool try_touches_read(const char *path, const struct model_process *process, struct try_touches *ret,
		      struct fail *fail)
{
	struct reading reading = {.process = process};
	*ret = (struct try_touches){0};
	struct try_memory *memory = calloc(1, sizeof(*memory));
	ret->memory = reading.memory = memory;
	if (memory == NULL || !arena_init(&memory->texts, TRY_MEMORY_MAX) ||
	    !arena_init(&memory->line, LINE_MEMORY)) {
		return complain_memory(fail);
	}
	bool good = lines_init(&reading.lines, path, &memory->line, fail) && read_rows(&reading, fail);
	lines_sum_up(&reading.lines);
	if (good && reading.lines.bad > 0) {
		good = fail_set(fail, FAIL_DATA, EXIT_BAD_DATA, "%s: nothing was tried", reading.lines.name);
	}
	lines_finish(&reading.lines);
	if (good) {
		sort_rows(memory);
		good = lay_out(memory, ret, fail);
	}
	return good;
}

void try_touches_finish(struct try_touches *touches)
{
	if (touches->memory != NULL) {
		arena_finish(&touches->memory->texts);
		arena_finish(&touches->memory->line);
		free(touches->memory->rows);
		free(touches->memory);
	}
	*touches = (struct try_touches){0};
}

const char *try_touches_id(const struct try_touches *touches, size_t place)
{
	CHECK(place < touches->memory->count);
	return touches->memory->rows[place]->id;
}

static int compare_contact(const void *key, const void *element)
{
	return strcmp(key, ((const struct try_contact *)element)->name);
}

const struct try_contact *try_touches_of(const struct try_touches *touches, const char *contact)
{
	return touches->contact_count == 0 ? NULL
					   : bsearch(contact, touches->contacts, touches->contact_count,
						     sizeof(*touches->contacts), compare_contact);
}
