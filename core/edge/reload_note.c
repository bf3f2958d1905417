#include "core/edge/reload_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 512
#define LINE_SIZE 600

/* systemd separates several directories by colons; the first is the service's own. */
static bool own_directory(char *ret_directory, size_t size)
{
	const char *directories = getenv("RUNTIME_DIRECTORY");
	if (directories == NULL || directories[0] != '/') {
		return false;
	}
	int length = snprintf(ret_directory, size, "%.*s", (int)strcspn(directories, ":"), directories);
	return length > 0 && (size_t)length < size;
}

bool reload_note_path(const char *directory, char *ret_path, size_t size)
{
	int length = snprintf(ret_path, size, "%s/reload", directory);
	return length > 0 && (size_t)length < size;
}

static bool write_whole(const char *path, const char *line, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		return false;
	}
	bool good = write(fd, line, size) == (ssize_t)size;
	return close(fd) == 0 && good;
}

void reload_note_write(int64_t begun_us, const char *why)
{
	char directory[PATH_SIZE], path[PATH_SIZE + 8], fresh[PATH_SIZE + 16], line[LINE_SIZE];
	if (!own_directory(directory, sizeof(directory)) || !reload_note_path(directory, path, sizeof(path))) {
		return;
	}
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int size = snprintf(line, sizeof(line) - 1, "%d %" PRId64 " %s%.*s", (int)getpid(), begun_us,
			    why == NULL ? "good" : "bad ", why == NULL ? 0 : (int)strcspn(why, "\n"),
			    why == NULL ? "" : why);
	size = size < (int)sizeof(line) - 2 ? size : (int)sizeof(line) - 2;
	line[size] = '\n';
	if (!write_whole(fresh, line, (size_t)size + 1) || rename(fresh, path) != 0) {
		unlink(fresh);
	}
}

/* A number from 1 on and the space after it. */
static bool take_number(char **at, int64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoll(*at, &end, 10);
	if (errno != 0 || *ret < 1 || *end != ' ') {
		return false;
	}
	*at = end + 1;
	return true;
}

bool reload_note_read(const char *path, struct reload_note *ret)
{
	struct reload_note note = {0};
	char line[LINE_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return false;
	}
	ssize_t size = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[size > 0 ? size : 0] = '\0';
	char *at = line, *end = strchr(line, '\n');
	int64_t process;
	if (end == NULL || !take_number(&at, &process) || !take_number(&at, &note.begun_us) ||
	    process > INT32_MAX) {
		return false;
	}
	*end = '\0';
	note.process = (int)process;
	note.is_good = strcmp(at, "good") == 0;
	if (!note.is_good && strncmp(at, "bad ", 4) != 0) {
		return false;
	}
	if (!note.is_good) {
		snprintf(note.why, sizeof(note.why), "%s", at + 4);
	}
	*ret = note;
	return true;
}
