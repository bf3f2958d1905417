/*
 * A secret in a file (a systemd credential, or a file of root's): its bytes as they are, one newline at its end is not part
 * of it. Refused: missing, not a regular file, too long, readable or writable by everybody, writable by the group.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"

struct arena;

#define SECRET_FILE_SIZE_MAX 16384

/* Into memory of the caller's, `size` bytes at most, which he ends with explicit_bzero(). `what` names it in errors. False:
 * FAIL_FATAL / EXIT_CONFIG, naming the file and why, never what is in it. */
bool secret_file_read(const char *what, const char *path, void *ret_bytes, size_t size, size_t *ret_size,
		      struct fail *fail);

/* A text of one line, not empty, as a password is. */
bool secret_file_text(const char *what, const char *path, struct arena *arena, const char **ret_text,
		      struct fail *fail);

/*
 * Settings of librdkafka, "key=value" a line as in its own files; empty lines and those that begin with # say nothing.
 * *properties (key, value, …, NULL) is replaced by itself and these after it, so that they win.
 */
bool secret_file_properties(const char *what, const char *path, struct arena *arena,
			    const char *const **properties, struct fail *fail);
