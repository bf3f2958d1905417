#include "core/edge/key_file.h"

#include <string.h>

#include "core/edge/secret_file.h"

bool key_file_read(const char *path, uint8_t ret_bytes[static KEY_FILE_SIZE_MAX], size_t *ret_size,
		   struct fail *fail)
{
	uint8_t bytes[KEY_FILE_SIZE_MAX];
	size_t size;
	bool good = secret_file_read("identity key", path, bytes, sizeof(bytes), &size, fail);
	if (good && size < KEY_FILE_SIZE_MIN) {
		good = fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "identity key %s: shorter than %d bytes", path,
				KEY_FILE_SIZE_MIN);
	}
	if (good) {
		memcpy(ret_bytes, bytes, size);
		*ret_size = size;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}
