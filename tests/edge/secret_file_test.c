/* core/edge/secret_file.h: passwords and librdkafka's settings in files; core/edge/reload_note.h: how a reload went. */
#include "core/edge/secret_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/edge/reload_note.h"
#include "tests/table.h"

static char folder[32];
static char path[64];
static struct arena arena;
static struct fail fail;

static void set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/phased-secret-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/reload", folder);
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
}

static void tear_down(void)
{
	unlink(path);
	rmdir(folder);
	arena_finish(&arena);
}

static void write_file(const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

START_TEST(a_password_is_one_line)
{
	set_up();
	static const struct {
		const char *bytes;
		size_t size;
		const char *text, *why;
	} rows[] = {
		{"hunter2", 7, "hunter2", NULL},
		{"hunter2\n", 8, "hunter2", NULL},
		{" two words ", 11, " two words ", NULL},
		{"", 0, NULL, "empty"},
		{"\n", 1, NULL, "empty"},
		{"a\nb\n", 4, NULL, "more than one line"},
		{"a\0b", 3, NULL, "NUL"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *text = NULL;
		write_file(rows[i].bytes, rows[i].size);
		bool good = secret_file_text("password", path, &arena, &text, &fail);
		ck_assert_msg(good == (rows[i].text != NULL), "row %zu: %s", i, fail.text);
		if (good) {
			ck_assert_str_eq(text, rows[i].text);
		} else {
			ck_assert_ptr_null(text);
			ck_assert_msg(strstr(fail.text, rows[i].why) != NULL && strstr(fail.text, path) != NULL,
				      "row %zu: %s", i, fail.text);
			ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		}
	}
	ck_assert_int_eq(chmod(path, 0644), 0);
	const char *text;
	ck_assert(!secret_file_text("password", path, &arena, &text, &fail));
	tear_down();
}
END_TEST

START_TEST(settings_of_a_file_come_after_those_of_the_configuration)
{
	set_up();
	static const char *const before[] = {"a.b", "1", NULL};
	static const struct {
		const char *text;
		const char *all[8]; /* NULL first: refused */
		const char *why;
	} rows[] = {
		{"", {"a.b", "1"}, NULL},
		{"# nothing\n\n  \n", {"a.b", "1"}, NULL},
		{"sasl.password = x=y z \r\n a.b=2", {"a.b", "1", "sasl.password", "x=y z", "a.b", "2"}, NULL},
		{"sasl.password=\n", {"a.b", "1", "sasl.password", ""}, NULL},
		{"a=1\nsecret\n", {NULL}, ":2: expected key=value"},
		{"=secret\n", {NULL}, ":1: expected key=value"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *const *properties = before;
		write_file(rows[i].text, strlen(rows[i].text));
		bool good = secret_file_properties("settings", path, &arena, &properties, &fail);
		ck_assert_msg(good == (rows[i].all[0] != NULL), "row %zu: %s", i, fail.text);
		if (!good) {
			ck_assert_ptr_eq(properties, before);
			ck_assert_ptr_nonnull(strstr(fail.text, rows[i].why));
			ck_assert_ptr_null(strstr(fail.text, "secret\n"));
			continue;
		}
		size_t at = 0;
		for (; rows[i].all[at] != NULL; at++) {
			ck_assert_str_eq(properties[at], rows[i].all[at]);
		}
		ck_assert_ptr_null(properties[at]);
	}
	tear_down();
}
END_TEST

START_TEST(too_many_settings_are_refused)
{
	set_up();
	static const char *const none[] = {NULL};
	const char *const *properties = none;
	char text[65 * 4 + 1] = "";
	for (size_t i = 0; i < 65; i++) {
		memcpy(text + i * 4, "a=b\n", 5);
	}
	write_file(text, strlen(text) - 4);
	ck_assert(secret_file_properties("settings", path, &arena, &properties, &fail));
	properties = none;
	write_file(text, strlen(text));
	ck_assert(!secret_file_properties("settings", path, &arena, &properties, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, ":65: more than 64 settings"));
	tear_down();
}
END_TEST

START_TEST(a_reloads_result_is_read_as_it_was_written)
{
	set_up();
	struct reload_note note;
	char found[64];
	unsetenv("RUNTIME_DIRECTORY");
	reload_note_write(7, NULL);
	ck_assert(!reload_note_read(path, &note)); /* nobody would look there */
	char directories[80];
	snprintf(directories, sizeof(directories), "%s:/nowhere", folder);
	setenv("RUNTIME_DIRECTORY", directories, 1);
	ck_assert(reload_note_path(folder, found, sizeof(found)));
	ck_assert_str_eq(found, path);
	reload_note_write(1234567890123, NULL);
	ck_assert(reload_note_read(path, &note));
	ck_assert_int_eq(note.process, getpid());
	ck_assert_int_eq(note.begun_us, 1234567890123);
	ck_assert(note.is_good);
	reload_note_write(1234567890124, "x.yaml:3: no\nsecond line");
	ck_assert(reload_note_read(path, &note));
	ck_assert_int_eq(note.begun_us, 1234567890124);
	ck_assert(!note.is_good);
	ck_assert_str_eq(note.why, "x.yaml:3: no");
	char endless[2000];
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	reload_note_write(1, endless);
	ck_assert(reload_note_read(path, &note));
	ck_assert_uint_gt(strlen(note.why), 500);
	tear_down();
}
END_TEST

START_TEST(what_is_no_result_is_not_read)
{
	set_up();
	static const char *const rows[] = {"",
					   "12 34 good",
					   "12 34\n",
					   "x 34 good\n",
					   "12 99999999999999999999 good\n",
					   "0 34 good\n",
					   "12 34 maybe\n",
					   "99999999999 34 good\n"};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reload_note note;
		write_file(rows[i], strlen(rows[i]));
		ck_assert_msg(!reload_note_read(path, &note), "row %zu", i);
	}
	tear_down();
}
END_TEST

TEST_MAIN("secret_file", a_password_is_one_line, settings_of_a_file_come_after_those_of_the_configuration,
	  too_many_settings_are_refused, a_reloads_result_is_read_as_it_was_written, what_is_no_result_is_not_read)
