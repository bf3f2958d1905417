#include "ctl/board/files.h"

#include <string.h>

const struct files_file *files_find(const char *path)
{
	for (size_t i = 0; i < files_count; i++) {
		if (strcmp(files[i].path, path) == 0) {
			return &files[i];
		}
	}
	return NULL;
}
