/* core/base/yaml.h: what is read, and what each refusal says. */
#include "core/base/yaml.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

static struct arena arena;

static void setup(void)
{
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

static struct yaml_node *parse(const char *text)
{
	struct yaml_node *root = NULL;
	struct fail fail;
	ck_assert_msg(yaml_parse(text, strlen(text), "f.yaml", &arena, &root, &fail), "%s", fail.text);
	return root;
}

START_TEST(nodes_keep_line_and_column)
{
	setup();
	struct yaml_node *root = parse("# first\na: 1\nb:\n  - x\n  - 'y z'\nc: {d: [], e: ''}\n");
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 3);
	struct yaml_node *b = yaml_get(root, "b");
	ck_assert_int_eq(b->kind, YAML_LIST);
	ck_assert_uint_eq(b->count, 2);
	ck_assert_str_eq(b->items[1]->text, "y z");
	ck_assert(b->items[1]->quoted && !b->items[0]->quoted);
	ck_assert_uint_eq(b->items[1]->line, 5);
	ck_assert_uint_eq(b->items[1]->column, 5);
	ck_assert_uint_eq(root->keys[2]->line, 6);
	ck_assert_uint_eq(yaml_get(yaml_get(root, "c"), "d")->count, 0);
	ck_assert_ptr_null(yaml_get(root, "z"));
	ck_assert_ptr_null(yaml_get(NULL, "z"));
}
END_TEST

START_TEST(nothing_is_an_empty_map)
{
	setup();
	static const char *const texts[] = {
		"", "\xef\xbb\xbf", "\xef\xbb\xbf# a mark\r\n", "# only a comment\n", "---\n", "---\n# so\n...\n"};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct yaml_node *root = parse(texts[i]);
		ck_assert_msg(root->kind == YAML_MAP && root->count == 0, "row %zu", i);
	}
}
END_TEST

START_TEST(what_is_no_plain_tree_is_refused)
{
	setup();
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"a: &x 1\nb: 2\n",
		 "f.yaml:1: anchors (&name) are not read here: write it out where it is needed"},
		{"a: 1\nb: *x\n", "f.yaml:2: aliases (*name) are not read here: write it out (or in quotes, if a "
				  "text begins with *)"},
		{"a: &x [*x]\n", "f.yaml:1: anchors (&name) are not read here: write it out where it is needed"},
		{"a: !!int 1\n",
		 "f.yaml:1: tags (!name) are not read here: a text that begins with ! stands in quotes"},
		{"a: 1\nb: 2\na: 3\n", "f.yaml:3: key \"a\" stands twice (first on line 1)"},
		{"a: 1\n---\nb: 2\n", "f.yaml:2: more than one document"},
		{"[a]: 1\n", "f.yaml:1: a key must be a word"},
		{"a: \"x\\0y\"\n", "f.yaml:1: a text holds a NUL byte"},
		{"a: [1, 2\nb: 3\n", "f.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow "
				     "sequence that begins on line 1 "
				     "(not closed by ]; or a text that holds [ ] { } or , needs quotes)"},
		{"a: {b: 1\n", "f.yaml:2: not YAML: did not find expected ',' or '}' while parsing a flow mapping "
			       "that begins on line 1 "
			       "(not closed by }; or a text that holds [ ] { } or , needs quotes)"},
		{"a:\n\tb: 1\n", "f.yaml:2: not YAML: found a tab character (a tab: YAML wants spaces)"},
		{"# \xc3\xa5\xc3\xa5\na: \xc3\xa5\n  \tb: 1\n",
		 "f.yaml:3: not YAML: found a tab character (a tab: YAML wants spaces)"},
		{"a: 1\n  b: 2\n",
		 "f.yaml:2: not YAML: mapping values are not allowed in this context (a \": \" too many: a "
		 "text that holds one stands in quotes, 'a: b')"},
		{"a: x: y\n",
		 "f.yaml:1: not YAML: mapping values are not allowed in this context (a \": \" too many: a "
		 "text that holds one stands in quotes, 'a: b')"},
		{"a:\n  - b: 1\n   c: 2\n", "f.yaml:3: not YAML: did not find expected '-' indicator while "
					    "parsing a block collection that begins on "
					    "line 2 (does it begin in the same column as what it belongs to?)"},
		{"a: 'b\nc: 1\n",
		 "f.yaml:3: not YAML: found unexpected end of stream while scanning a quoted scalar that "
		 "begins on line 1 (a quote that is not closed?)"},
		{"a: @b\n",
		 "f.yaml:1: not YAML: found character that cannot start any token while scanning for the next "
		 "token (a text that begins with @, ` or % stands in quotes)"},
		{"a: \"\\d\"\n",
		 "f.yaml:1: not YAML: found unknown escape character while parsing a quoted scalar (within "
		 "\"…\" a \\ is special: write '…')"},
		{"a: 1\nb: \x01\n", "f.yaml:2: not YAML: control characters are not allowed"},
		{"a: \xff\n", "f.yaml:1: not UTF-8 text (save the file as UTF-8)"},
		{"a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
		 "f.yaml:1: nested too deeply"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yaml_node *root = NULL;
		struct fail fail = {0};
		ck_assert_msg(!yaml_parse(rows[i].text, strlen(rows[i].text), "f.yaml", &arena, &root, &fail),
			      "row %zu", i);
		ck_assert_str_eq(fail.text, rows[i].error);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_ptr_null(root);
	}
}
END_TEST

START_TEST(limits_hold)
{
	setup();
	struct yaml_node *root = NULL;
	struct fail fail;
	size_t size = YAML_FILE_SIZE_MAX + 1;
	char *text = arena_zero(&arena, size, 1);
	memset(text, '#', size);
	ck_assert(!yaml_parse(text, size, "f.yaml", &arena, &root, &fail));
	ck_assert_str_eq(fail.text,
			 "f.yaml:1: over 4194304 bytes (what stands before this line is as much as is read)");

	size_t used = 0;
	for (int i = 0; i <= YAML_KEYS_MAX; i++) {
		used += (size_t)snprintf(text + used, size - used, "k%d: 1\n", i);
	}
	ck_assert(!yaml_parse(text, used, "f.yaml", &arena, &root, &fail));
	ck_assert_str_eq(fail.text, "f.yaml:4097: more than 4096 keys in one map");

	struct arena small;
	ck_assert(arena_init(&small, 256));
	ck_assert(!yaml_parse("a: [1, 2, 3, 4, 5]", 18, "f.yaml", &small, &root, &fail));
	ck_assert_str_eq(fail.text, "f.yaml: too large: memory of 256 bytes is full");

	ck_assert(!yaml_read_file("tests/base/none.yaml", &arena, &root, &fail));
	ck_assert_str_eq(fail.text, "tests/base/none.yaml: No such file or directory");
	ck_assert(!yaml_read_file("tests", &arena, &root, &fail));
	ck_assert_str_eq(fail.text, "tests: Is a directory");
}
END_TEST

/* ---- The schema ---- */

struct settings {
	const char *name, *file;
	int64_t port, any;
	double share;
	bool loud;
	int level;
	struct yaml_texts topics, more;
	struct yaml_node *forms;
	int64_t wait_ms;
};

static const char *const levels[] = {"error", "warning", "info", NULL};

static const struct yaml_field inner[] = {
	{.key = "wait",
	 .type = YAML_INTEGER,
	 .offset = offsetof(struct settings, wait_ms),
	 .low = 1,
	 .high = 60000,
	 .fallback = "500",
	 .unit = "ms"},
	{.key = "topics",
	 .type = YAML_TEXTS,
	 .offset = offsetof(struct settings, topics),
	 .fallback = "[a, b]",
	 .high = 8},
	{0},
};

static const struct yaml_field fields[] = {
	{.key = "name", .type = YAML_TEXT, .offset = offsetof(struct settings, name), .low = 1, .high = 8},
	{.key = "file", .type = YAML_TEXT, .offset = offsetof(struct settings, file), .fallback = ""},
	{.key = "port",
	 .type = YAML_INTEGER,
	 .offset = offsetof(struct settings, port),
	 .low = 0,
	 .high = 65535,
	 .fallback = "80"},
	{.key = "any",
	 .type = YAML_INTEGER,
	 .offset = offsetof(struct settings, any),
	 .fallback = "-9223372036854775808"},
	{.key = "share",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct settings, share),
	 .low = 0,
	 .high = 1,
	 .fallback = ".5"},
	{.key = "loud", .type = YAML_BOOL, .offset = offsetof(struct settings, loud), .fallback = "no"},
	{.key = "level",
	 .type = YAML_WORD,
	 .offset = offsetof(struct settings, level),
	 .words = levels,
	 .fallback = "info"},
	{.key = "kafka", .type = YAML_SECTION, .fields = inner},
	{.key = "more", .type = YAML_TEXTS, .offset = offsetof(struct settings, more)},
	{.key = "forms", .type = YAML_NODE, .offset = offsetof(struct settings, forms)},
	{0},
};

START_TEST(defaults_fill_what_is_not_given)
{
	setup();
	struct settings settings;
	memset(&settings, 0xa5, sizeof(settings));
	struct fail fail;
	struct yaml_node *root = parse("name: x\nport:\nkafka:\n");
	ck_assert_msg(yaml_fill(root, fields, "f.yaml", &arena, &settings, &fail), "%s", fail.text);
	ck_assert_str_eq(settings.name, "x");
	ck_assert_str_eq(settings.file, "");
	ck_assert_int_eq(settings.port, 80);
	ck_assert(settings.any == INT64_MIN);
	ck_assert(settings.share == .5);
	ck_assert(!settings.loud);
	ck_assert_int_eq(settings.level, 2);
	ck_assert_int_eq(settings.wait_ms, 500);
	ck_assert_uint_eq(settings.topics.count, 2);
	ck_assert_str_eq(settings.topics.items[1], "b");
	ck_assert_uint_eq(settings.more.count, 0);
	ck_assert_ptr_null(settings.forms);
}
END_TEST

START_TEST(given_values_are_read)
{
	setup();
	struct settings settings;
	struct fail fail;
	struct yaml_node *root =
		parse("name: 'a b'\nfile: \"\"\nport: 0\nany: +7\nshare: 1e-3\nloud: True\nlevel: error\n"
		      "kafka: {wait: 60000, topics: [x]}\nmore: [1, two]\nforms: {demo: 1}\n");
	ck_assert_msg(yaml_fill(root, fields, "f.yaml", &arena, &settings, &fail), "%s", fail.text);
	ck_assert_str_eq(settings.name, "a b");
	ck_assert_int_eq(settings.port, 0);
	ck_assert_int_eq(settings.any, 7);
	ck_assert(settings.share == 1e-3);
	ck_assert(settings.loud);
	ck_assert_int_eq(settings.level, 0);
	ck_assert_int_eq(settings.wait_ms, 60000);
	ck_assert_str_eq(settings.topics.items[0], "x");
	ck_assert_str_eq(settings.more.items[1], "two");
	ck_assert_ptr_nonnull(yaml_get(settings.forms, "demo"));
}
END_TEST

START_TEST(a_wrong_value_names_line_key_and_what_would_be_right)
{
	setup();
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"port: 1\n", "f.yaml:1: \"name\" is missing"},
		{"port: 1\nname:\n", "f.yaml:2: \"name\" is missing"},
		{"name: x\n\nprot: 1\n", "f.yaml:3: unknown key \"prot\" (did you mean \"port\"?)"},
		{"name: x\nkafka:\n  wiat: 1\n", "f.yaml:3: unknown key \"kafka.wiat\" (did you mean \"wait\"?)"},
		{"name: x\nkafka:\n  brokers: 1\n",
		 "f.yaml:3: unknown key \"kafka.brokers\" (known: wait, topics)"},
		{"name: x\nport: 65536\n", "f.yaml:2: \"port\" must be from 0 to 65535, not 65536"},
		{"name: x\nport: -1\n", "f.yaml:2: \"port\" must be from 0 to 65535, not -1"},
		{"name: x\nport: 1.5\n", "f.yaml:2: \"port\" must be a whole number, not \"1.5\""},
		{"name: x\nany: 9223372036854775808\n",
		 "f.yaml:2: \"any\" must be a whole number, not \"9223372036854775808\""},
		{"name: x\nport: [1]\n", "f.yaml:2: \"port\" must be a whole number, not a list"},
		{"name: x\nshare: .inf\n", "f.yaml:2: \"share\" must be a number, not \".inf\""},
		{"name: x\nshare: 0x1p3\n", "f.yaml:2: \"share\" must be a number, not \"0x1p3\""},
		{"name: x\nshare: 1e999\n", "f.yaml:2: \"share\" must be a number, not \"1e999\""},
		{"name: x\nshare: 1.1\n", "f.yaml:2: \"share\" must be from 0 to 1, not 1.1"},
		{"name: x\nloud: maybe\n", "f.yaml:2: \"loud\" must be yes or no, not \"maybe\""},
		{"name: x\nlevel: warnign\n",
		 "f.yaml:2: \"level\": \"warnign\" is not a word for it (did you mean \"warning\"?)"},
		{"name: x\nlevel: 7\n",
		 "f.yaml:2: \"level\": \"7\" is not a word for it (known: error, warning, info)"},
		{"name: x\nkafka: 3\n", "f.yaml:2: \"kafka\" must be a map, not \"3\""},
		{"name: x\nkafka: {wait: 0}\n", "f.yaml:2: \"kafka.wait\" must be from 1 to 60000 ms, not 0"},
		{"name: x\nkafka:\n  topics: a\n",
		 "f.yaml:3: \"kafka.topics\" must be a list of texts, not \"a\""},
		{"name: x\nkafka:\n  topics: [[a]]\n",
		 "f.yaml:3: \"kafka.topics\" must be a list of texts, not a list"},
		{"name: x\nkafka:\n  topics: [aaaaaaaaa]\n",
		 "f.yaml:3: \"kafka.topics\": a text of at most 8 bytes is expected"},
		{"name: aaaaaaaaa\n", "f.yaml:1: \"name\" must be a text of 1 to 8 bytes, not of 9"},
		{"name: ''\n", "f.yaml:1: \"name\" must be a text of 1 to 8 bytes, not of 0"},
		{"name: {a: b}\n", "f.yaml:1: \"name\" must be a text, not a map"},
		{"- name\n", "f.yaml:1: a map of keys is expected"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct settings settings;
		struct fail fail = {0};
		ck_assert_msg(!yaml_fill(parse(rows[i].text), fields, "f.yaml", &arena, &settings, &fail),
			      "row %zu", i);
		ck_assert_str_eq(fail.text, rows[i].error);
	}
}
END_TEST

TEST_MAIN("yaml", nodes_keep_line_and_column, nothing_is_an_empty_map, what_is_no_plain_tree_is_refused,
	  limits_hold, defaults_fill_what_is_not_given, given_values_are_read,
	  a_wrong_value_names_line_key_and_what_would_be_right)
