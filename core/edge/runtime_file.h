/*
 * Small files in the service's runtime directory (RUNTIME_DIRECTORY of the environment), for whoever runs it to read.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUNTIME_FILE_PATH_SIZE 560

/* The whole file, at once: whoever reads it sees the old one or the new one. `ret_path`: where it stands, "" when there is no
 * such directory. False: it was not written; what was there before may still be. */
bool runtime_file_write(const char *name, const char *text, size_t size, mode_t mode,
			char ret_path[static RUNTIME_FILE_PATH_SIZE]);
