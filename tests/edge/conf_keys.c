#include "tests/edge/conf_keys.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/edge/conf_live.h"
#include "tests/table.h"

#define STRUCT_SIZE_MAX ((size_t)64 * 1024)
#define DEPTH_MAX 4
#define TEXT_SIZE_MAX 16384

struct key {
	const struct conf_schema *schema;
	const struct yaml_field *field;
	const char *parts[DEPTH_MAX]; /* "kafka", "topics", "web" */
	unsigned depth;
	char name[128]; /* "kafka.topics.web" */
	unsigned cases;
};

static struct arena arena;

static void each_key(struct key *key, const struct yaml_field *fields, void (*each)(struct key *key))
{
	size_t used = strlen(key->name);
	ck_assert_uint_lt(key->depth, DEPTH_MAX);
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		key->field = field;
		key->parts[key->depth++] = field->key;
		snprintf(key->name + used, sizeof(key->name) - used, "%s%s", used > 0 ? "." : "", field->key);
		each(key);
		if (field->type == YAML_SECTION) {
			each_key(key, field->fields, each);
		}
		key->name[used] = '\0';
		key->depth--;
	}
}

/* The key with a value, in its sections, a line each: "kafka:\n  topics:\n    web: VALUE\n". */
static const char *text_with(const struct key *key, const char *last, const char *value, bool twice)
{
	char text[TEXT_SIZE_MAX];
	size_t used = 0;
	for (unsigned i = 0; i + 1 < key->depth; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%*s%s:\n", (int)(2 * i), "",
					 key->parts[i]);
	}
	for (int i = 0; i <= (twice ? 1 : 0); i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%*s%s: %s\n",
					 (int)(2 * (key->depth - 1)), "", last, value);
	}
	ck_assert_uint_lt(used, sizeof(text));
	return arena_text(&arena, text, used);
}

static bool parse(const struct key *key, const char *text, void *ret_conf, struct fail *fail)
{
	*fail = (struct fail){0};
	return conf_schema_parse(key->schema, text, strlen(text), "dir/f.yaml", &arena, ret_conf, fail);
}

/* It is refused with file and line, names the key and says `said`, and leaves what was there. */
static void refused(struct key *key, const char *text, unsigned line, const char *said)
{
	static const char before[STRUCT_SIZE_MAX] = {0};
	static char conf[STRUCT_SIZE_MAX];
	struct fail fail;
	char place[64];
	ck_assert_msg(!parse(key, text, conf, &fail), "taken:\n%.500s", text);
	snprintf(place, sizeof(place), "dir/f.yaml:%u: ", line);
	ck_assert_msg(strncmp(fail.text, place, strlen(place)) == 0, "%s\nfor\n%.500s", fail.text, text);
	ck_assert_msg(strstr(fail.text, key->parts[key->depth - 1]) != NULL, "%s: %s", key->name, fail.text);
	ck_assert_msg(strstr(fail.text, said) != NULL, "%s: %s, not %s", key->name, fail.text, said);
	ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
	ck_assert_int_eq(fail.kind, FAIL_FATAL);
	ck_assert_int_eq(memcmp(conf, before, sizeof(conf)), 0);
	key->cases++;
}

static void refused_value(struct key *key, const char *value, const char *said)
{
	refused(key, text_with(key, key->parts[key->depth - 1], value, false), key->depth, said);
}

/* A value at its very bound is none that its bounds refuse; whether it goes with the other keys' is another question. */
static void within_bounds(struct key *key, const char *value)
{
	static char conf[STRUCT_SIZE_MAX];
	struct fail fail;
	bool good = parse(key, text_with(key, key->parts[key->depth - 1], value, false), conf, &fail);
	ck_assert_msg(good || (strstr(fail.text, "must be from") == NULL && strstr(fail.text, "bytes") == NULL),
		      "%s", fail.text);
	key->cases++;
}

static const char *text_of_size(size_t size)
{
	char *text = arena_zero(&arena, size + 1, 1);
	memset(text, 'x', size);
	return arena_print(&arena, "\"%s\"", text);
}

static const char *number(double value)
{
	return arena_print(&arena, "%.0f", value);
}

/* ---- by type ---- */

static void text_key(struct key *key)
{
	refused_value(key, "[a]", "must be a text, not a list");
	refused_value(key, "{a: b}", "must be a text, not a map");
	if (key->field->low > 0) {
		refused_value(key, text_of_size((size_t)key->field->low - 1), "bytes");
	}
	refused_value(key, text_of_size((size_t)key->field->high + 1), "bytes");
	within_bounds(key, text_of_size((size_t)key->field->low));
	within_bounds(key, text_of_size((size_t)key->field->high));
}

static void integer_key(struct key *key)
{
	refused_value(key, "lots", "must be a whole number, not \"lots\"");
	refused_value(key, "1.5", "must be a whole number");
	refused_value(key, "\"\"", "must be a whole number");
	refused_value(key, "99999999999999999999", "must be a whole number");
	refused_value(key, "[1]", "must be a whole number, not a list");
	refused_value(key, number(key->field->low - 1), "must be from");
	refused_value(key, number(key->field->high + 1), "must be from");
	within_bounds(key, number(key->field->low));
	within_bounds(key, number(key->field->high));
}

static void number_key(struct key *key)
{
	refused_value(key, "lots", "must be a number, not \"lots\"");
	refused_value(key, "nan", "must be a number");
	refused_value(key, "[1]", "must be a number, not a list");
	refused_value(key, number(key->field->low - 1), "must be from");
	refused_value(key, number(key->field->high + 1), "must be from");
}

static void bool_key(struct key *key)
{
	refused_value(key, "maybe", "must be yes or no, not \"maybe\"");
	refused_value(key, "[yes]", "must be yes or no, not a list");
	refused_value(key, "2", "must be yes or no");
}

static void word_key(struct key *key)
{
	refused_value(key, arena_print(&arena, "%sx", key->field->words[0]), "is not a word for it");
	refused_value(key, arena_print(&arena, "%sx", key->field->words[0]), key->field->words[0]);
	refused_value(key, "\"\"", "is not a word for it");
	refused_value(key, "[a]", "must be one word");
}

static void texts_key(struct key *key)
{
	refused_value(key, "a", "must be a list of texts, not \"a\"");
	refused_value(key, "{a: b}", "must be a list of texts, not a map");
	refused_value(key, "[[a]]", "must be a list of texts");
	refused_value(key, arena_print(&arena, "[%s]", text_of_size((size_t)key->field->high + 1)), "bytes");
	within_bounds(key, arena_print(&arena, "[%s]", text_of_size((size_t)key->field->high)));
}

static void node_key(struct key *key)
{
	refused_value(key, "[a]", "must be a map");
	refused_value(key, "a", "must be a map");
}

static void section_key(struct key *key)
{
	refused_value(key, "[a]", "must be a map, not a list");
	refused_value(key, "a", "must be a map, not \"a\"");
}

/* ---- of all types ---- */

/* Not there, or nothing behind it: the default holds, or it says what is missing. */
static void missing_key(struct key *key)
{
	static char all[STRUCT_SIZE_MAX], one[STRUCT_SIZE_MAX];
	struct fail fail;
	const struct yaml_field *field = key->field;
	bool is_required = field->fallback == NULL && field->type != YAML_SECTION && field->type != YAML_NODE &&
			   field->type != YAML_TEXTS;
	const char *text = text_with(key, key->parts[key->depth - 1], "", false);
	if (is_required) {
		refused(key, text, key->depth, "is missing");
		return;
	}
	ck_assert_msg(parse(key, "", all, &fail), "%s", fail.text);
	ck_assert_msg(parse(key, text, one, &fail), "%s", fail.text);
	ck_assert_str_eq(conf_schema_text(key->schema, all, &arena), conf_schema_text(key->schema, one, &arena));
	key->cases++;
}

static void double_key(struct key *key)
{
	refused(key, text_with(key, key->parts[key->depth - 1], "", true), key->depth + 1, "stands twice");
}

static void misspelt_key(struct key *key)
{
	const char *right = key->parts[key->depth - 1];
	const char *wrong = arena_print(&arena, "%sx", right);
	refused(key, text_with(key, wrong, "1", false), key->depth, "unknown key");
	refused(key, text_with(key, wrong, "1", false), key->depth,
		arena_print(&arena, "did you mean \"%s\"?", right));
}

static void check_key(struct key *key)
{
	static void (*const by_type[])(struct key *) = {
		[YAML_TEXT] = text_key,	      [YAML_INTEGER] = integer_key, [YAML_NUMBER] = number_key,
		[YAML_BOOL] = bool_key,	      [YAML_WORD] = word_key,	    [YAML_TEXTS] = texts_key,
		[YAML_SECTION] = section_key, [YAML_NODE] = node_key,
	};
	arena_reset(&arena, arena.limit);
	key->cases = 0;
	missing_key(key);
	by_type[key->field->type](key);
	double_key(key);
	misspelt_key(key);
	ck_assert_uint_ge(key->cases, 6);
}

static void start(const struct conf_schema *schema)
{
	ck_assert_uint_le(schema->size, STRUCT_SIZE_MAX);
	ck_assert(arena.base != NULL || arena_init(&arena, (size_t)64 * 1024 * 1024));
}

void conf_keys_are_checked(const struct conf_schema *schema)
{
	start(schema);
	each_key(&(struct key){.schema = schema}, schema->fields, check_key);
}

static void look_at_key(struct key *key)
{
	const struct yaml_field *field = key->field;
	ck_assert_msg(field->help != NULL && strlen(field->help) > 8, "%s has no help", key->name);
	ck_assert_msg(strlen(key->name) < 90, "%s does not fit into messages", key->name);
	if (field->type == YAML_SECTION) {
		return;
	}
	ck_assert_msg(field->high > field->low || field->words != NULL || field->type == YAML_BOOL ||
			      field->type == YAML_NODE,
		      "%s has no bounds", key->name);
	ck_assert_msg(field->fallback != NULL || field->type == YAML_NODE, "%s has no default", key->name);
}

void conf_keys_are_documented(const struct conf_schema *schema)
{
	each_key(&(struct key){.schema = schema}, schema->fields, look_at_key);
}

/* ---- reading again ---- */

static struct conf_live live;
static const struct conf_change *key_changes;
static char in_force[STRUCT_SIZE_MAX];
static char directory[] = "/tmp/phased-conf-XXXXXX", live_path[64];

static void write_file(const char *text)
{
	FILE *file = fopen(live_path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void start_live(const struct conf_schema *schema)
{
	struct fail fail;
	start(schema);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(live_path, sizeof(live_path), "%s/f.yaml", directory);
	write_file("");
	ck_assert_msg(conf_live_start(&live, schema, live_path, in_force, &fail), "%s", fail.text);
}

static void finish_live(void)
{
	conf_live_finish(&live);
	unlink(live_path);
	rmdir(directory);
}

static const char *text_in_force(void)
{
	return conf_schema_text(live.schema, in_force, &arena);
}

static const char *text_of_file(const char *text)
{
	static char conf[STRUCT_SIZE_MAX];
	struct fail fail;
	ck_assert(conf_schema_parse(live.schema, text, strlen(text), live_path, &arena, conf, &fail));
	return conf_schema_text(live.schema, conf, &arena);
}

/* A file in which this key alone has another value than its default; NULL: none of those we think of is one. */
static const char *text_with_another(const struct key *key)
{
	static char conf[STRUCT_SIZE_MAX];
	const struct yaml_field *field = key->field;
	const char *values[] = {
		"x1",
		"/x1",
		"127.0.0.1:1",
		"[x1]",
		"[/x1]",
		"[x1.test]",
		"[\"http://x1.test\"]",
		"[10.0.0.0/8]",
		"2026-03-01T00:00:00Z",
		"{x1: y}",
		"{x1: {email: y}}",
		"yes",
		"no",
		field->words != NULL ? field->words[0] : "x",
		field->words != NULL ? field->words[1] : "x",
		number(field->low),
		number(field->high),
	};
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct fail fail;
		const char *text = text_with(key, key->parts[key->depth - 1], values[i], false);
		if (parse(key, text, conf, &fail) && strcmp(text_of_file(text), text_of_file("")) != 0) {
			return text;
		}
	}
	return NULL;
}

static void reload_key(struct key *key)
{
	if (key->field->type == YAML_SECTION) {
		return;
	}
	arena_reset(&arena, arena.limit);
	struct conf_changes changes;
	struct fail fail;
	const char *empty = "", *text = NULL;
	for (const struct conf_change *change = key_changes; change->key != NULL; change++) {
		if (strcmp(change->key, key->name) == 0) {
			empty = change->before;
			text = change->after;
		}
	}
	text = text != NULL ? text : text_with_another(key);
	ck_assert_msg(text != NULL, "%s: no other value is known here", key->name);
	bool taken = key->field->reloadable;
	const char *before = text_of_file(empty);
	write_file(empty);
	ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
	const char *after = taken ? text_of_file(text) : before;
	for (unsigned round = 0; round < 3; round++) {
		write_file(text);
		ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
		ck_assert_str_eq(changes.taken_keys, taken ? key->name : "");
		ck_assert_str_eq(changes.waiting_keys, taken ? "" : key->name);
		ck_assert_uint_eq(changes.taken + changes.waiting, 1);
		ck_assert_str_eq(text_in_force(), after);
		write_file(empty);
		ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
		ck_assert_str_eq(changes.taken_keys, taken ? key->name : "");
		ck_assert_uint_eq(changes.waiting, 0);
		ck_assert_str_eq(text_in_force(), before);
	}
}

void conf_keys_are_reloaded(const struct conf_schema *schema, const struct conf_change *changes)
{
	key_changes = changes;
	start_live(schema);
	each_key(&(struct key){.schema = schema}, schema->fields, reload_key);
	finish_live();
}

void conf_bad_files_change_nothing(const struct conf_schema *schema)
{
	static const char *const bad[] = {"log: {level: loud}\n", "log: [\n", "\xff", "lgo: {}\n",
					  "kafka: {brokers: }x\n"};
	start_live(schema);
	struct conf_changes changes = {.taken = 77};
	struct fail fail;
	write_file("log: {level: debug}\nidentity: {blocked: [x1, x2]}\n");
	ck_assert(conf_live_reload(&live, &changes, &fail));
	ck_assert_str_eq(changes.taken_keys, "identity.blocked, log.level");
	const char *before = text_in_force();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		write_file(bad[i]);
		ck_assert_msg(!conf_live_reload(&live, &changes, &fail), "row %zu", i);
		ck_assert_msg(strncmp(fail.text, live_path, strlen(live_path)) == 0, "%s", fail.text);
		ck_assert_str_eq(text_in_force(), before);
		ck_assert_uint_eq(changes.taken, 2);
	}
	unlink(live_path);
	ck_assert(!conf_live_reload(&live, &changes, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "No such file"));
	ck_assert_int_eq(mkfifo(live_path, 0600), 0);
	ck_assert(!conf_live_reload(&live, &changes, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "no regular file"));
	ck_assert_str_eq(text_in_force(), before);
	finish_live();
}

void conf_changes_are_cut(const struct conf_schema *schema, const char *text, const char *keys)
{
	static const char cut[] = ", …";
	struct conf_changes changes;
	struct fail fail;
	start_live(schema);
	write_file(text);
	ck_assert_msg(conf_live_reload(&live, &changes, &fail), "%s", fail.text);
	size_t size = strlen(changes.waiting_keys), kept = size - strlen(cut);
	ck_assert_uint_gt(size, CONF_CHANGES_SIZE - 50);
	ck_assert_str_eq(changes.waiting_keys + kept, cut);
	ck_assert_msg(strncmp(changes.waiting_keys, keys, kept) == 0 && strncmp(keys + kept, ", ", 2) == 0, "%s",
		      changes.waiting_keys);
	finish_live();
}
