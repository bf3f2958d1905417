#include "core/edge/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct fail *fail, const char *path, const char *why)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "identity key %s: %s", path, why);
}

static bool mode_is_private(int fd, const char *path, struct fail *fail)
{
	struct stat about;
	if (fstat(fd, &about) != 0) {
		return refuse(fail, path, strerror(errno));
	}
	if (!S_ISREG(about.st_mode)) {
		return refuse(fail, path, "not a regular file");
	}
	if ((about.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		return refuse(
			fail, path,
			"others than its owner and group may use it, or its group may write it: chmod 0600 it");
	}
	return true;
}

/* At most `size` bytes; -1 with errno. */
static ssize_t read_whole(int fd, uint8_t *bytes, size_t size)
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

static bool read_key(int fd, const char *path, uint8_t *ret_bytes, size_t *ret_size, struct fail *fail)
{
	uint8_t bytes[KEY_FILE_SIZE_MAX + 2]; /* room for the newline, and for one byte too many */
	ssize_t got = read_whole(fd, bytes, sizeof(bytes));
	bool good = false;
	if (got < 0) {
		refuse(fail, path, strerror(errno));
	} else {
		size_t size = (size_t)got;
		if (size > 0 && bytes[size - 1] == '\n') {
			size--;
		}
		if (size < KEY_FILE_SIZE_MIN) {
			refuse(fail, path, "shorter than 32 bytes");
		} else if (size > KEY_FILE_SIZE_MAX) {
			refuse(fail, path, "longer than 128 bytes");
		} else {
			memcpy(ret_bytes, bytes, size);
			*ret_size = size;
			good = true;
		}
	}
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

bool key_file_read(const char *path, uint8_t ret_bytes[static KEY_FILE_SIZE_MAX], size_t *ret_size,
		   struct fail *fail)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return refuse(fail, path, strerror(errno));
	}
	bool good = mode_is_private(fd, path, fail) && read_key(fd, path, ret_bytes, ret_size, fail);
	close(fd);
	return good;
}
