#include "core/edge/secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"

#define PROPERTIES_MAX 64

static bool refuse(struct fail *fail, const char *what, const char *path, const char *why)
{
	fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s %s: %s", what, path, why);
	return false;
}

static bool mode_is_private(int fd, const char *what, const char *path, struct fail *fail)
{
	struct stat about;
	if (fstat(fd, &about) != 0) {
		return refuse(fail, what, path, strerror(errno));
	}
	if (!S_ISREG(about.st_mode)) {
		return refuse(fail, what, path, "not a regular file");
	}
	if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		return refuse(
			fail, what, path,
			"others than its owner and group may use it, or its group may write it: chmod 0600 it");
	}
	return true;
}

/* At most `size` bytes; -1 with errno. */
static ssize_t read_whole(int fd, char *bytes, size_t size)
{
	size_t used = 0;
	while (used < size) {
		ssize_t got = read(fd, bytes + used, size - used);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -1;
		}
		if (got == 0) {
			break;
		}
		used += (size_t)got;
	}
	return (ssize_t)used;
}

static bool take(int fd, const char *what, const char *path, void *ret_bytes, size_t size, size_t *ret_size,
		 struct fail *fail)
{
	char bytes[SECRET_FILE_SIZE_MAX + 2]; /* room for the newline, and for one byte too many */
	ssize_t got = read_whole(fd, bytes, sizeof(bytes));
	bool good = false;
	if (got < 0) {
		refuse(fail, what, path, strerror(errno));
	} else {
		size_t used = (size_t)got;
		used -= used > 0 && bytes[used - 1] == '\n' ? 1 : 0;
		if (used > size) {
			fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s %s: longer than %zu bytes", what, path, size);
		} else {
			memcpy(ret_bytes, bytes, used);
			*ret_size = used;
			good = true;
		}
	}
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

bool secret_file_read(const char *what, const char *path, void *ret_bytes, size_t size, size_t *ret_size,
		      struct fail *fail)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return refuse(fail, what, path, strerror(errno));
	}
	bool good = mode_is_private(fd, what, path, fail) && take(fd, what, path, ret_bytes, size, ret_size, fail);
	close(fd);
	return good;
}

/* The whole file as a text in the arena. */
static bool read_text(const char *what, const char *path, struct arena *arena, char **ret_text, struct fail *fail)
{
	char *text = arena_zero(arena, SECRET_FILE_SIZE_MAX + 1, 1);
	size_t size;
	if (text == NULL) {
		return refuse(fail, what, path, "out of memory");
	}
	if (!secret_file_read(what, path, text, SECRET_FILE_SIZE_MAX, &size, fail)) {
		return false;
	}
	if (memchr(text, '\0', size) != NULL) {
		return refuse(fail, what, path, "holds a NUL");
	}
	*ret_text = text;
	return true;
}

bool secret_file_text(const char *what, const char *path, struct arena *arena, const char **ret_text,
		      struct fail *fail)
{
	char *text;
	if (!read_text(what, path, arena, &text, fail)) {
		return false;
	}
	if (text[0] == '\0' || strchr(text, '\n') != NULL) {
		return refuse(fail, what, path, text[0] == '\0' ? "empty" : "more than one line");
	}
	*ret_text = text;
	return true;
}

/* Without the white space around it. */
static char *trim(char *text)
{
	while (isspace((unsigned char)*text)) {
		text++;
	}
	for (size_t size = strlen(text); size > 0 && isspace((unsigned char)text[size - 1]); size--) {
		text[size - 1] = '\0';
	}
	return text;
}

bool secret_file_properties(const char *what, const char *path, struct arena *arena,
			    const char *const **properties, struct fail *fail)
{
	char *text;
	size_t known = 0, count = 0;
	while ((*properties)[known] != NULL) {
		known++;
	}
	const char **all = arena_zero(arena, known + 2 * PROPERTIES_MAX + 1, sizeof(*all));
	if (all == NULL) {
		return refuse(fail, what, path, "out of memory");
	}
	if (!read_text(what, path, arena, &text, fail)) {
		return false;
	}
	memcpy(all, *properties, known * sizeof(*all));
	unsigned number = 0;
	for (char *next = text, *line; (line = strsep(&next, "\n")) != NULL;) {
		number++;
		line = trim(line);
		char *equals = strchr(line, '=');
		if (line[0] == '\0' || line[0] == '#') {
			continue;
		}
		if (equals == NULL || equals == line || count == PROPERTIES_MAX) {
			return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s %s:%u: %s", what, path, number,
					count == PROPERTIES_MAX ? "more than 64 settings" : "expected key=value");
		}
		*equals = '\0';
		all[known + 2 * count] = trim(line);
		all[known + 2 * count + 1] = trim(equals + 1);
		count++;
	}
	*properties = all;
	return true;
}
