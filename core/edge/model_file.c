/*
 * Model files: files and folders → processes, their states and moves. Rules are read by model_rules.c.
 */
#include "core/edge/model_file.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/edge/model_part.h"

#define SUM_SLACK 1e-9

/* ---- What the parts share ---- */

bool model_part_go_on(const struct model_reader *reader, bool *good)
{
	*good = false;
	return reader->findings != NULL && findings_add_fail(reader->findings, reader->file, reader->fail);
}

const struct yaml_node *model_part_place(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	return node != NULL ? node : map;
}

bool model_part_text(const struct model_reader *reader, const struct yaml_node *map, const char *key, size_t max,
		     const char **text)
{
	if (*text == NULL || (*text)[0] == '\0') {
		*text = NULL;
		return true;
	}
	if (strlen(*text) > max) {
		return yaml_complain(reader->file, model_part_place(map, key), reader->fail,
				     "\"%s\" is over %zu bytes", key, max);
	}
	if (!text_is_plain(*text)) {
		return yaml_complain(reader->file, model_part_place(map, key), reader->fail,
				     "\"%s\" must be one line without control characters", key);
	}
	return true;
}

bool model_part_name(const struct model_reader *reader, const struct yaml_node *map, const char *key,
		     const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.");
	if (name[size] != '\0' || size == 0 || size > MODEL_NAME_SIZE_MAX || strchr("_-.", name[0]) != NULL) {
		return yaml_complain(
			reader->file, model_part_place(map, key), reader->fail,
			"\"%s\": \"%.80s\" is no name: lower-case letters, digits, _ - . and at most %d of them",
			key, name, MODEL_NAME_SIZE_MAX);
	}
	return true;
}

static bool complain_full(const struct model_reader *reader)
{
	return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", reader->file);
}

void *model_part_zero(const struct model_reader *reader, size_t count, size_t size)
{
	void *piece = arena_zero(reader->arena, count, size);
	if (piece == NULL) {
		complain_full(reader);
	}
	return piece;
}

bool model_part_list(const struct model_reader *reader, const struct yaml_node *node, const char *key, size_t max,
		     const struct yaml_node **ret_list)
{
	*ret_list = NULL;
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_LIST) {
		return yaml_complain(reader->file, node, reader->fail, "\"%s\" must be a list", key);
	}
	if (node->count > max) {
		return yaml_complain(reader->file, node, reader->fail,
				     "\"%s\" has %zu entries, at most %zu are allowed", key, node->count, max);
	}
	*ret_list = node;
	return true;
}

/* ---- States ---- */

static const char *const main_words[] = {"early", "mid", "late", NULL};

struct state_text {
	const char *name;
	int main;
	double prior, entry;
};

static const struct yaml_field none_fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct state_text, name)},
	{.key = "prior", .type = YAML_NUMBER, .offset = offsetof(struct state_text, prior), .low = 0, .high = 1},
	{0},
};

static const struct yaml_field state_fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct state_text, name)},
	{.key = "main", .type = YAML_WORD, .offset = offsetof(struct state_text, main), .words = main_words},
	{.key = "prior", .type = YAML_NUMBER, .offset = offsetof(struct state_text, prior), .low = 0, .high = 1},
	{.key = "entry",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct state_text, entry),
	 .low = 0,
	 .high = 1,
	 .fallback = "0"},
	{0},
};

static bool check_state(const struct model_reader *reader, const struct yaml_node *node,
			const struct model_process *process, unsigned k)
{
	const char *name = process->state_names[k];
	if (!model_part_name(reader, node, "name", name)) {
		return false;
	}
	if ((k == 0) != (strcmp(name, "none") == 0)) {
		return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
				     "the first phase, and no other, is \"none\": in no buying process");
	}
	for (size_t m = 0; main_words[m] != NULL; m++) {
		if (strcmp(name, main_words[m]) == 0) {
			return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
					     "\"%s\" is a main phase: a fine one needs another name", name);
		}
	}
	for (unsigned other = 0; other < k; other++) {
		if (strcmp(name, process->state_names[other]) == 0) {
			return yaml_complain(reader->file, model_part_place(node, "name"), reader->fail,
					     "phase \"%s\" stands twice", name);
		}
	}
	return true;
}

static bool read_state(const struct model_reader *reader, const struct yaml_node *node,
		       struct model_process *process, unsigned k)
{
	struct state_text text = {.main = MAIN_NONE};
	if (!yaml_fill(node, k == 0 ? none_fields : state_fields, reader->file, reader->arena, &text,
		       reader->fail)) {
		return false;
	}
	process->state_names[k] = text.name;
	process->state_main[k] = (enum main_phase)text.main;
	process->prior[k] = text.prior;
	process->entry[k] = text.entry;
	return check_state(reader, node, process, k);
}

static bool check_order(const struct model_reader *reader, const struct yaml_node *list,
			const struct model_process *process)
{
	for (unsigned k = 2; k < process->states; k++) {
		if (process->state_main[k] < process->state_main[k - 1]) {
			return yaml_complain(
				reader->file, model_part_place(list->items[k], "main"), reader->fail,
				"phases go from early over mid to late: \"%s\" comes too late in the list",
				process->state_names[k]);
		}
	}
	return true;
}

static bool check_sums(const struct model_reader *reader, const struct yaml_node *list,
		       const struct model_process *process)
{
	double prior = 0, entry = 0;
	for (unsigned k = 0; k < process->states; k++) {
		prior += process->prior[k];
		entry += process->entry[k];
	}
	if (fabs(prior - 1) > SUM_SLACK) {
		return yaml_complain(reader->file, list, reader->fail,
				     "\"prior\" of all phases must sum to 1, not %.12g", prior);
	}
	if (fabs(entry - 1) > SUM_SLACK) {
		return yaml_complain(reader->file, list, reader->fail,
				     "\"entry\" of all phases but none must sum to 1, not %.12g", entry);
	}
	if (process->prior[0] > 1 - SUM_SLACK) {
		return yaml_complain(reader->file, list, reader->fail,
				     "\"prior\" of none must leave something to the others");
	}
	return true;
}

static bool read_states(const struct model_reader *reader, const struct yaml_node *root,
			const struct yaml_node *node, struct model_process *process)
{
	const struct yaml_node *list;
	if (!model_part_list(reader, node, "phases", PHASE_STATES, &list)) {
		return false;
	}
	if (list == NULL || list->count < 2) {
		return yaml_complain(reader->file, list != NULL ? list : root, reader->fail,
				     "\"phases\" needs none and at least one more");
	}
	bool good = true;
	process->states = (unsigned)list->count;
	for (unsigned k = 0; k < process->states; k++) {
		if (!read_state(reader, list->items[k], process, k) && !model_part_go_on(reader, &good)) {
			return false;
		}
	}
	return good && check_order(reader, list, process) && check_sums(reader, list, process);
}

/* Are all names known? Then rules can be looked at, whatever else is wrong with the phases. */
static bool has_states(const struct model_process *process)
{
	bool has = process->states > 0;
	for (unsigned k = 0; has && k < process->states; k++) {
		has = process->state_names[k] != NULL;
	}
	return has;
}

/* ---- A process ---- */

struct process_text {
	const char *name;
	double unit, dwell_days, dwell_none_days, back, stall;
	struct yaml_node *phases, *contents, *rules, *learned;
};

static const struct yaml_field moves_fields[] = {
	{.key = "dwell_days",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct process_text, dwell_days),
	 .low = .1,
	 .high = 3650,
	 .fallback = "20",
	 .unit = "days"},
	{.key = "dwell_none_days",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct process_text, dwell_none_days),
	 .low = .1,
	 .high = 3650,
	 .fallback = "90",
	 .unit = "days"},
	{.key = "back",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct process_text, back),
	 .low = 0,
	 .high = 1,
	 .fallback = ".25"},
	{.key = "stall",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct process_text, stall),
	 .low = 0,
	 .high = 1,
	 .fallback = ".2"},
	{0},
};

static const struct yaml_field process_fields[] = {
	{.key = "process", .type = YAML_TEXT, .offset = offsetof(struct process_text, name)},
	{.key = "unit",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct process_text, unit),
	 .low = .01,
	 .high = 2,
	 .fallback = ".5"},
	{.key = "moves", .type = YAML_SECTION, .fields = moves_fields},
	{.key = "phases", .type = YAML_NODE, .offset = offsetof(struct process_text, phases)},
	{.key = "contents", .type = YAML_NODE, .offset = offsetof(struct process_text, contents)},
	{.key = "rules", .type = YAML_NODE, .offset = offsetof(struct process_text, rules)},
	{.key = "learned", .type = YAML_NODE, .offset = offsetof(struct process_text, learned)},
	{0},
};

static void set_powers(struct model_process *process)
{
	static const double half[4] = MODEL_POWERS_HALF;
	for (unsigned points = 0; points < COUNT_OF(half); points++) {
		process->power[points] = process->unit == 0.5 ? half[points] : exp(process->unit * points);
	}
}

static bool read_process(const struct model_reader *reader, const struct yaml_node *node,
			 struct model_process *process)
{
	struct process_text text;
	if (!yaml_fill(node, process_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !model_part_name(reader, node, "process", text.name)) {
		return false;
	}
	if (text.back + text.stall > 1) {
		return yaml_complain(reader->file, model_part_place(node, "moves"), reader->fail,
				     "\"moves.back\" and \"moves.stall\" must not sum to more than 1");
	}
	*process = (struct model_process){
		.file = reader->file,
		.name = text.name,
		.unit = text.unit,
		.dwell_days = text.dwell_days,
		.dwell_none_days = text.dwell_none_days,
		.back = text.back,
		.stall = text.stall,
	};
	set_powers(process);
	bool good = true;
	if (!read_states(reader, node, text.phases, process) &&
	    !(model_part_go_on(reader, &good) && has_states(process))) {
		return false;
	}
	return model_rules_read(reader, text.contents, text.rules, text.learned, process) && good;
}

/* ---- Files ---- */

/* Where the processes of all files are gathered. */
struct gathering {
	struct model_process processes[MODEL_PROCESSES_MAX];
	unsigned count;
};

static bool gather_process(const struct model_reader *reader, const struct yaml_node *node, struct gathering *all)
{
	if (all->count == MODEL_PROCESSES_MAX) {
		return yaml_complain(reader->file, node, reader->fail, "more than %d processes",
				     MODEL_PROCESSES_MAX);
	}
	struct model_process *process = &all->processes[all->count];
	if (!read_process(reader, node, process)) {
		return false;
	}
	for (unsigned i = 0; i < all->count; i++) {
		CHECK(all->processes[i].name != NULL);
		if (strcmp(all->processes[i].name, process->name) == 0) {
			return yaml_complain(reader->file, model_part_place(node, "process"), reader->fail,
					     "process \"%s\" stands in %s already", process->name,
					     all->processes[i].file);
		}
	}
	all->count++;
	return true;
}

/* One process, or (the canonical text) a list of them under "processes". */
static bool gather_root(const struct model_reader *reader, const struct yaml_node *root, struct gathering *all)
{
	static const char *const words[] = {"processes", NULL};
	const struct yaml_node *list;
	if (yaml_get(root, "processes") == NULL) {
		return gather_process(reader, root, all);
	}
	if (!yaml_only_keys(root, words, reader->file, reader->fail) ||
	    !model_part_list(reader, root->items[0], "processes", MODEL_PROCESSES_MAX, &list)) {
		return false;
	}
	CHECK(list != NULL);
	bool good = true;
	for (size_t i = 0; i < list->count; i++) {
		if (!gather_process(reader, list->items[i], all) && !model_part_go_on(reader, &good)) {
			return false;
		}
	}
	return good;
}

static bool gather_file(struct model_reader *reader, const char *path, struct gathering *all)
{
	struct yaml_node *root;
	bool good = true;
	reader->file = arena_text(reader->arena, path, strlen(path));
	if (reader->file == NULL) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", path);
	}
	if (!yaml_read_file(reader->file, reader->arena, &root, reader->fail) || !gather_root(reader, root, all)) {
		model_part_go_on(reader, &good);
	}
	return good;
}

static bool is_standard(const struct model_process *process)
{
	return strcmp(process->name, "standard") == 0;
}

/* By name, `standard` last. */
static int compare_processes(const void *a, const void *b)
{
	const struct model_process *one = a, *other = b;
	if (is_standard(one) != is_standard(other)) {
		return is_standard(one) ? 1 : -1;
	}
	return strcmp(one->name, other->name);
}

static bool finish(struct gathering *all, const char *path, struct arena *arena, struct model **ret_model,
		   struct fail *fail)
{
	qsort(all->processes, all->count, sizeof(all->processes[0]), compare_processes);
	if (all->count == 0 || !is_standard(&all->processes[all->count - 1])) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: no process \"standard\"", path);
	}
	struct model *model = arena_zero(arena, 1, sizeof(*model));
	struct model_process *processes = arena_zero(arena, all->count, sizeof(*processes));
	if (model == NULL || processes == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", path);
	}
	memcpy(processes, all->processes, all->count * sizeof(*processes));
	model->processes = processes;
	model->process_count = all->count;
	if (!model_text_write(model, arena, &model->text, &model->text_size)) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", path);
	}
	if (model->text_size > YAML_FILE_SIZE_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: over %zu bytes", path, YAML_FILE_SIZE_MAX);
	}
	model->version = hash_64(&(struct hash_piece){model->text, model->text_size}, 1);
	*ret_model = model;
	return true;
}

static bool gather_folder(struct model_reader *reader, const char *path, struct gathering *all)
{
	char pattern[4096];
	if ((size_t)snprintf(pattern, sizeof(pattern), "%s/*.yaml", path) >= sizeof(pattern)) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too long a name", path);
	}
	glob_t found;
	bool good = true;
	if (glob(pattern, GLOB_ERR, NULL, &found) != 0) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: no *.yaml file in it that can be read",
				path);
	}
	for (size_t i = 0; (good || reader->findings != NULL) && i < found.gl_pathc; i++) {
		good = gather_file(reader, found.gl_pathv[i], all) && good;
	}
	globfree(&found);
	return good;
}

static bool gather(struct model_reader *reader, const char *path, struct model **ret_model)
{
	struct gathering all = {.count = 0};
	struct stat about;
	if (stat(path, &about) != 0) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(errno));
	}
	bool good = S_ISDIR(about.st_mode) ? gather_folder(reader, path, &all) : gather_file(reader, path, &all);
	return good && finish(&all, path, reader->arena, ret_model, reader->fail);
}

bool model_file_read(const char *path, struct arena *arena, struct model **ret_model, struct fail *fail)
{
	struct model_reader reader = {.arena = arena, .fail = fail};
	return gather(&reader, path, ret_model);
}

bool model_file_check(const char *path, struct arena *arena, struct findings *findings, struct model **ret_model)
{
	struct fail fail = {.text = ""};
	struct model_reader reader = {.arena = arena, .fail = &fail, .findings = findings};
	if (!gather(&reader, path, ret_model)) {
		findings_add_fail(findings, path, &fail);
		return false;
	}
	return true;
}

bool model_file_parse(const char *text, size_t size, struct arena *arena, struct model **ret_model,
		      struct fail *fail)
{
	struct gathering all = {.count = 0};
	struct model_reader reader = {.file = "model", .arena = arena, .fail = fail};
	struct yaml_node *root;
	return yaml_parse(text, size, reader.file, arena, &root, fail) && gather_root(&reader, root, &all) &&
	       finish(&all, reader.file, arena, ret_model, fail);
}

bool model_file_parse_process(const char *text, size_t size, const char *file, struct arena *arena,
			      const struct model_process **ret_process, struct fail *fail)
{
	struct model_reader reader = {.file = file, .arena = arena, .fail = fail};
	struct model_process *process = arena_zero(arena, 1, sizeof(*process));
	struct yaml_node *root;
	if (process == NULL) {
		return complain_full(&reader);
	}
	*ret_process = process;
	return yaml_parse(text, size, file, arena, &root, fail) && read_process(&reader, root, process);
}
