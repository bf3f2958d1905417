/* core/edge/key_file.h: a key is taken as it is, a careless file is refused. */
#include "core/edge/key_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/table.h"

static char path[64];

/* A name nobody else has. */
static void pick_path(void)
{
	snprintf(path, sizeof(path), "/tmp/phased-key-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void write_file(const char *bytes, size_t size, mode_t mode)
{
	pick_path();
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static bool read_back(uint8_t *ret_key, size_t *ret_size, struct fail *fail)
{
	bool good = key_file_read(path, ret_key, ret_size, fail);
	unlink(path);
	return good;
}

START_TEST(the_key_is_the_files_bytes_without_a_last_newline)
{
	static const struct {
		const char *bytes;
		size_t size, key_size;
	} rows[] = {
		{"0123456789abcdef0123456789abcdef", 32, 32},
		{"0123456789abcdef0123456789abcdef\n", 33, 32},
		{"0123456789abcdef0123456789abcdef\n\n", 34, 33},
		{"\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7", 32, 32},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t key[KEY_FILE_SIZE_MAX];
		size_t size = 0;
		struct fail fail;
		write_file(rows[i].bytes, rows[i].size, i % 2 == 0 ? 0600 : 0440);
		ck_assert_msg(read_back(key, &size, &fail), "row %zu: %s", i, fail.text);
		ck_assert_uint_eq(size, rows[i].key_size);
		ck_assert_mem_eq(key, rows[i].bytes, size);
	}
}
END_TEST

START_TEST(a_careless_file_is_refused_and_nothing_is_given)
{
	static char long_key[KEY_FILE_SIZE_MAX + 1];
	memset(long_key, 'k', sizeof(long_key));
	const struct {
		const char *why;
		size_t size;
		mode_t mode;
	} rows[] = {
		{"shorter", 0, 0600},
		{"shorter", KEY_FILE_SIZE_MIN - 1, 0600},
		{"longer", sizeof(long_key), 0600},
		{"others", 64, 0644},
		{"others", 64, 0604},
		{"others", 64, 0602},
		{"others", 64, 0620},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t key[KEY_FILE_SIZE_MAX] = {'x'};
		size_t size = 77;
		struct fail fail;
		write_file(long_key, rows[i].size, rows[i].mode);
		ck_assert_msg(!read_back(key, &size, &fail), "row %zu", i);
		ck_assert_msg(strstr(fail.text, rows[i].why) != NULL, "row %zu: %s", i, fail.text);
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_uint_eq(size, 77);
		ck_assert_uint_eq(key[0], 'x');
	}
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	uint8_t key[KEY_FILE_SIZE_MAX];
	size_t size;
	struct fail fail;
	ck_assert(!key_file_read("/tmp", key, &size, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "not a regular file"));
	ck_assert(!key_file_read("/nonexistent/identity.key", key, &size, &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "/nonexistent/identity.key: No such file"));
	pick_path();
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!read_back(key, &size, &fail)); /* and does not wait for a writer */
	ck_assert_ptr_nonnull(strstr(fail.text, "not a regular file"));
}
END_TEST

TEST_MAIN("key_file", the_key_is_the_files_bytes_without_a_last_newline,
	  a_careless_file_is_refused_and_nothing_is_given, what_is_no_file_is_refused)
