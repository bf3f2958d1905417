#include "core/model/message.h"

#include <string.h>
#include <strings.h>

#include "core/base/check.h"

static const char envelope[] = "application/cloudevents";

enum message_form message_form_of_type(const char *type, size_t size)
{
	static const struct {
		const char *type;
		enum message_form form;
	} forms[] = {
		{"application/json", FORM_JSON},
		{"application/protobuf", FORM_PROTOBUF},
		{"application/x-protobuf", FORM_PROTOBUF},
		{"application/vnd.google.protobuf", FORM_PROTOBUF},
	};
	if (size >= sizeof(envelope) - 1 && strncasecmp(type, envelope, sizeof(envelope) - 1) == 0) {
		return FORM_CLOUDEVENT;
	}
	const char *parameters = memchr(type, ';', size);
	size = parameters != NULL ? (size_t)(parameters - type) : size;
	while (size > 0 && type[size - 1] == ' ') {
		size--;
	}
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (size == strlen(forms[i].type) && strncasecmp(type, forms[i].type, size) == 0) {
			return forms[i].form;
		}
	}
	return FORM_UNKNOWN;
}
