#include "collector/source/body.h"

#include <string.h>

#include "collector/source/url.h"

#define NAME_SIZE_MAX 64

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       (byte != '\0' && strchr("_-.[]%+$", byte) != NULL);
}

/* Does it begin with a name and "="? */
static bool is_form(const char *body, size_t size)
{
	size_t name = 0;
	while (name < size && name < NAME_SIZE_MAX && is_name_byte(body[name])) {
		name++;
	}
	return name > 0 && name < size && body[name] == '=' && memchr(body, '\0', size) == NULL;
}

enum body_kind body_kind(const char *body, size_t size, const char **ret_body, size_t *ret_size)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (size >= 3 && memcmp(body, mark, 3) == 0) {
		body += 3;
		size -= 3;
	}
	while (size > 0 && body[0] != '\0' && strchr(" \t\r\n", body[0]) != NULL) {
		body++;
		size--;
	}
	*ret_body = body;
	*ret_size = size;
	return size == 0			  ? BODY_NONE
	       : body[0] == '{' || body[0] == '[' ? BODY_JSON
	       : is_form(body, size)		  ? BODY_FORM
						  : BODY_OTHER;
}

bool body_form(const char *body, size_t size, size_t max, struct arena *arena, struct source_pair *list,
	       size_t *count)
{
	const char *end = body + size;
	while (body < end) {
		const char *stop = memchr(body, '&', (size_t)(end - body));
		stop = stop != NULL ? stop : end;
		const char *equals = memchr(body, '=', (size_t)(stop - body));
		const char *name_end = equals != NULL ? equals : stop;
		if (stop > body) {
			const char *value = equals != NULL ? equals + 1 : stop;
			if (*count == max) {
				return false;
			}
			struct source_pair pair = {url_decode(body, (size_t)(name_end - body), arena),
						   url_decode(value, (size_t)(stop - value), arena)};
			if (pair.name == NULL || pair.value == NULL) {
				return false;
			}
			list[(*count)++] = pair;
		}
		body = stop + 1;
	}
	return true;
}
