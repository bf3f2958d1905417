#include "core/edge/reload_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/edge/runtime_file.h"

#define LINE_SIZE 600

bool reload_note_path(const char *directory, char *ret_path, size_t size)
{
	int length = snprintf(ret_path, size, "%s/reload", directory);
	return length > 0 && (size_t)length < size;
}

void reload_note_write(int64_t begun_us, const char *why)
{
	char path[RUNTIME_FILE_PATH_SIZE], line[LINE_SIZE];
	int size = snprintf(line, sizeof(line) - 1, "%d %" PRId64 " %s%.*s", (int)getpid(), begun_us,
			    why == NULL ? "good" : "bad ", why == NULL ? 0 : (int)strcspn(why, "\n"),
			    why == NULL ? "" : why);
	size = size < (int)sizeof(line) - 2 ? size : (int)sizeof(line) - 2;
	line[size] = '\n';
	(void)runtime_file_write("reload", line, (size_t)size + 1, 0644, path);
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
