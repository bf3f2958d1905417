#include "core/flow/validate.h"

#include <math.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/base/text.h"

bool validate_is_moment(int64_t us)
{
	return us >= INT64_C(-62135596800) * MOMENT_SECOND_US && us < INT64_C(253402300800) * MOMENT_SECOND_US;
}

typedef enum outcome validate_value(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit);

bool validate_is_word(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
		if (!fits) {
			return false;
		}
	}
	return true;
}

static enum outcome validate_text(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	(void)field;
	char *text = *(char **)value;
	if (text == NULL || text[0] == '\0') {
		return limit->flags & LIMIT_REQUIRED ? OUTCOME_bad_value : OUTCOME_NONE;
	}
	size_t size = strlen(text);
	if (size > limit->size_max) {
		return OUTCOME_too_large;
	}
	if ((limit->flags & LIMIT_WORD) && !validate_is_word(text, size)) {
		return OUTCOME_bad_value;
	}
	bool may_hold_address = false;
	if ((limit->flags & LIMIT_MASKED) && text_scan(text, size, &may_hold_address) && may_hold_address) {
		text_mask_addresses(text);
	}
	return OUTCOME_NONE;
}

static enum outcome validate_bytes(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	(void)field;
	const ProtobufCBinaryData *bytes = value;
	bool fits = bytes->len == 0 || (bytes->len >= limit->size_min && bytes->len <= limit->size_max);
	return fits ? OUTCOME_NONE : OUTCOME_bad_value;
}

static enum outcome validate_enum(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	int number = *(int *)value;
	if (number == 0) {
		return limit->flags & LIMIT_REQUIRED ? OUTCOME_bad_value : OUTCOME_NONE;
	}
	if (protobuf_c_enum_descriptor_get_value(field->descriptor, number) != NULL) {
		return OUTCOME_NONE;
	}
	return limit->flags & LIMIT_ACTION ? OUTCOME_unknown_action : OUTCOME_bad_value;
}

static enum outcome validate_range(double number, const struct limit *limit)
{
	bool fits = limit->high <= limit->low || (number >= limit->low && number <= limit->high);
	return fits ? OUTCOME_NONE : OUTCOME_bad_value;
}

static enum outcome validate_double(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	(void)field;
	double number = *(double *)value;
	return isfinite(number) ? validate_range(number, limit) : OUTCOME_bad_value;
}

static enum outcome validate_uint32(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	(void)field;
	return validate_range(*(uint32_t *)value, limit);
}

static enum outcome validate_int64(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit)
{
	(void)field;
	int64_t number = *(int64_t *)value;
	bool fits = !(limit->flags & LIMIT_MOMENT) || validate_is_moment(number);
	return fits ? OUTCOME_NONE : OUTCOME_time_out_of_range;
}

/* A type without a row may hold anything. */
static validate_value *const checks[] = {
	[PROTOBUF_C_TYPE_STRING] = validate_text,   [PROTOBUF_C_TYPE_BYTES] = validate_bytes,
	[PROTOBUF_C_TYPE_ENUM] = validate_enum,	    [PROTOBUF_C_TYPE_DOUBLE] = validate_double,
	[PROTOBUF_C_TYPE_UINT32] = validate_uint32, [PROTOBUF_C_TYPE_SINT64] = validate_int64,
	[PROTOBUF_C_TYPE_MESSAGE] = NULL,
};

/* One value: of a single field, or of a list. */
static enum outcome validate_one(void *value, const ProtobufCFieldDescriptor *field, const struct limit *limit,
				 struct field_path *path)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		ProtobufCMessage *inner = *(ProtobufCMessage **)value;
		return inner == NULL ? OUTCOME_NONE : validate_message(inner, limit->message, path);
	}
	return checks[field->type] == NULL ? OUTCOME_NONE : checks[field->type](value, field, limit);
}

/* Lists are of texts or of messages: pointers both. */
static enum outcome validate_list(char *base, const ProtobufCFieldDescriptor *field, const struct limit *limit,
				  struct field_path *path)
{
	size_t count = *(size_t *)(void *)(base + field->quantifier_offset);
	void **items = *(void ***)(void *)(base + field->offset);
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < count && outcome == OUTCOME_NONE; i++) {
		outcome = validate_one(&items[i], field, limit, path);
	}
	return outcome;
}

static enum outcome validate_field(char *base, const ProtobufCFieldDescriptor *field, const struct limit *limit,
				   struct field_path *path)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		return validate_list(base, field, limit, path);
	}
	if (field_limits_is_oneof(field) && *(uint32_t *)(void *)(base + field->quantifier_offset) != field->id) {
		return OUTCOME_NONE;
	}
	return validate_one(base + field->offset, field, limit, path);
}

enum outcome validate_message(ProtobufCMessage *message, const struct limits *limits, struct field_path *path)
{
	for (unsigned i = 0; i < limits->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &limits->descriptor->fields[i];
		enum outcome outcome = validate_field((char *)message, field, &limits->fields[i], path);
		if (outcome != OUTCOME_NONE) {
			field_path_add(path, field->name);
			return outcome;
		}
	}
	return OUTCOME_NONE;
}
