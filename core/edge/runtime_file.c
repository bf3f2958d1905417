#include "core/edge/runtime_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* systemd separates several directories by colons; the first is the service's own. */
static bool path_of(const char *name, char ret_path[static RUNTIME_FILE_PATH_SIZE])
{
	const char *directories = getenv("RUNTIME_DIRECTORY");
	ret_path[0] = '\0';
	if (directories == NULL || directories[0] != '/') {
		return false;
	}
	int length = snprintf(ret_path, RUNTIME_FILE_PATH_SIZE, "%.*s/%s", (int)strcspn(directories, ":"),
			      directories, name);
	if (length <= 0 || length >= RUNTIME_FILE_PATH_SIZE) {
		ret_path[0] = '\0';
	}
	return ret_path[0] != '\0';
}

static bool write_whole(const char *path, const char *text, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) {
		return false;
	}
	bool good = write(fd, text, size) == (ssize_t)size;
	return close(fd) == 0 && good;
}

bool runtime_file_write(const char *name, const char *text, size_t size, mode_t mode,
			char ret_path[static RUNTIME_FILE_PATH_SIZE])
{
	char fresh[RUNTIME_FILE_PATH_SIZE + 8];
	if (!path_of(name, ret_path)) {
		return false;
	}
	snprintf(fresh, sizeof(fresh), "%s.new", ret_path);
	unlink(fresh); /* of one that was stopped meanwhile, by whatever mode */
	if (!write_whole(fresh, text, size, mode) || rename(fresh, ret_path) != 0) {
		unlink(fresh);
		return false;
	}
	return true;
}
