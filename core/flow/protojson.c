#include "core/flow/protojson.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/json.h"
#include "core/base/moment.h"
#include "core/base/text.h"

static enum outcome read_message(const struct json_node *node, const struct limits *limits, struct arena *arena,
				 struct field_path *path, ProtobufCMessage **ret_message);

/* An integer of any of protobuf's types. */
struct integer {
	bool negative;
	uint64_t size; /* without the sign */
};

/* "-123"; false when it is not just that, then *ret_too_large may say that it is only too many digits. */
static bool integer_from_text(const char *text, struct integer *ret, bool *ret_too_large)
{
	bool negative = *text == '-';
	const char *digit = text + negative;
	uint64_t size = 0;
	bool too_large = false;
	for (; *digit >= '0' && *digit <= '9'; digit++) {
		too_large = too_large || __builtin_mul_overflow(size, 10, &size) ||
			    __builtin_add_overflow(size, (uint64_t)(*digit - '0'), &size);
	}
	if (*digit != '\0' || digit == text + negative) {
		return false;
	}
	*ret_too_large = too_large;
	*ret = (struct integer){.negative = negative, .size = size};
	return !too_large;
}

static enum outcome integer_from_number(const struct json_node *node, struct integer *ret)
{
	if (node->is_whole) {
		*ret = (struct integer){.negative = node->whole < 0, .size = (uint64_t)node->whole};
		ret->size = ret->negative ? -ret->size : ret->size;
		return OUTCOME_NONE;
	}
	double size = fabs(node->number);
	if (size != floor(size)) {
		return OUTCOME_unreadable;
	}
	if (size >= 0x1p64) {
		return OUTCOME_bad_value;
	}
	*ret = (struct integer){.negative = node->number < 0, .size = (uint64_t)size};
	return OUTCOME_NONE;
}

static bool is_moment(const ProtobufCFieldDescriptor *field)
{
	size_t size = strlen(field->name);
	return field->type == PROTOBUF_C_TYPE_SINT64 && size > 3 && strcmp(field->name + size - 3, "_us") == 0;
}

static enum outcome read_integer(const struct json_node *node, const ProtobufCFieldDescriptor *field,
				 struct integer *ret)
{
	if (node->kind == JSON_NUMBER) {
		return integer_from_number(node, ret);
	}
	if (node->kind != JSON_TEXT) {
		return OUTCOME_unreadable;
	}
	bool too_large = false;
	int64_t us;
	if (integer_from_text(node->text, ret, &too_large)) {
		return OUTCOME_NONE;
	}
	if (is_moment(field) && moment_read(node->text, &us)) {
		*ret = (struct integer){.negative = us < 0, .size = us < 0 ? -(uint64_t)us : (uint64_t)us};
		return OUTCOME_NONE;
	}
	return too_large ? OUTCOME_bad_value : OUTCOME_unreadable;
}

/* Largest sizes below and above zero. */
struct integer_range {
	uint64_t negative, positive;
};

static const struct integer_range signed_32 = {(uint64_t)INT32_MAX + 1, INT32_MAX};
static const struct integer_range unsigned_32 = {0, UINT32_MAX};
static const struct integer_range signed_64 = {(uint64_t)INT64_MAX + 1, INT64_MAX};
static const struct integer_range unsigned_64 = {0, UINT64_MAX};

static enum outcome read_ranged(const struct json_node *node, const ProtobufCFieldDescriptor *field,
				const struct integer_range *range, uint64_t *ret_bits)
{
	struct integer integer;
	enum outcome outcome = read_integer(node, field, &integer);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (integer.size > (integer.negative ? range->negative : range->positive)) {
		return OUTCOME_bad_value;
	}
	*ret_bits = integer.negative ? -integer.size : integer.size;
	return OUTCOME_NONE;
}

/* Where one value goes, and what is known of it. */
struct target {
	const ProtobufCFieldDescriptor *field;
	const struct limit *limit;
	struct arena *arena;
	struct field_path *path;
	void *value;
};

static enum outcome read_32(const struct json_node *node, const struct target *target)
{
	const struct integer_range *range =
		target->field->type == PROTOBUF_C_TYPE_UINT32 || target->field->type == PROTOBUF_C_TYPE_FIXED32
			? &unsigned_32
			: &signed_32;
	uint64_t bits = 0;
	enum outcome outcome = read_ranged(node, target->field, range, &bits);
	*(uint32_t *)target->value = (uint32_t)bits;
	return outcome;
}

static enum outcome read_64(const struct json_node *node, const struct target *target)
{
	const struct integer_range *range =
		target->field->type == PROTOBUF_C_TYPE_UINT64 || target->field->type == PROTOBUF_C_TYPE_FIXED64
			? &unsigned_64
			: &signed_64;
	uint64_t bits = 0;
	enum outcome outcome = read_ranged(node, target->field, range, &bits);
	*(uint64_t *)target->value = bits;
	return outcome;
}

static enum outcome read_number(const struct json_node *node, double *ret_number)
{
	static const struct {
		const char *text;
		double number;
	} words[] = {{"NaN", (double)NAN}, {"Infinity", HUGE_VAL}, {"-Infinity", -HUGE_VAL}};
	if (node->kind == JSON_NUMBER) {
		*ret_number = node->number;
		return OUTCOME_NONE;
	}
	if (node->kind != JSON_TEXT) {
		return OUTCOME_unreadable;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(node->text, words[i].text) == 0) {
			*ret_number = words[i].number;
			return OUTCOME_NONE;
		}
	}
	char *end;
	bool is_plain = node->text[0] != '\0' && node->text[strspn(node->text, "0123456789+-.eE")] == '\0';
	*ret_number = strtod(node->text, &end);
	return is_plain && *end == '\0' ? OUTCOME_NONE : OUTCOME_unreadable;
}

static enum outcome read_double(const struct json_node *node, const struct target *target)
{
	return read_number(node, target->value);
}

static enum outcome read_float(const struct json_node *node, const struct target *target)
{
	double number = 0;
	enum outcome outcome = read_number(node, &number);
	if (outcome == OUTCOME_NONE && isfinite(number) && fabs(number) > (double)FLT_MAX) {
		return OUTCOME_bad_value;
	}
	*(float *)target->value = (float)number;
	return outcome;
}

static enum outcome read_bool(const struct json_node *node, const struct target *target)
{
	*(protobuf_c_boolean *)target->value = node->flag;
	return node->kind == JSON_BOOL ? OUTCOME_NONE : OUTCOME_unreadable;
}

static enum outcome read_enum(const struct json_node *node, const struct target *target)
{
	const ProtobufCEnumValue *known = NULL;
	if (node->kind == JSON_TEXT) {
		known = protobuf_c_enum_descriptor_get_value_by_name(target->field->descriptor, node->text);
	}
	uint64_t bits = known != NULL ? (uint64_t)known->value : 0;
	enum outcome outcome = known != NULL ? OUTCOME_NONE : read_ranged(node, target->field, &signed_32, &bits);
	if (outcome == OUTCOME_unreadable && node->kind == JSON_TEXT) {
		return target->limit->flags & LIMIT_ACTION ? OUTCOME_unknown_action : OUTCOME_bad_value;
	}
	*(int *)target->value = (int)bits;
	return outcome;
}

static enum outcome read_text(const struct json_node *node, const struct target *target)
{
	if (node->kind != JSON_TEXT) {
		return OUTCOME_unreadable;
	}
	*(char **)target->value = node->text;
	return OUTCOME_NONE;
}

static enum outcome read_bytes(const struct json_node *node, const struct target *target)
{
	ProtobufCBinaryData *bytes = target->value;
	if (node->kind != JSON_TEXT) {
		return OUTCOME_unreadable;
	}
	/* In place: what is written is never ahead of what is read. */
	bytes->data = (uint8_t *)node->text;
	return base64_read(node->text, strlen(node->text), bytes->data, &bytes->len) ? OUTCOME_NONE
										     : OUTCOME_unreadable;
}

static enum outcome read_inner(const struct json_node *node, const struct target *target)
{
	return read_message(node, target->limit->message, target->arena, target->path, target->value);
}

static const struct {
	size_t size; /* of a value in the message, and in its lists */
	enum outcome (*read)(const struct json_node *node, const struct target *target);
} readers[] = {
	[PROTOBUF_C_TYPE_INT32] = {sizeof(int32_t), read_32},
	[PROTOBUF_C_TYPE_SINT32] = {sizeof(int32_t), read_32},
	[PROTOBUF_C_TYPE_SFIXED32] = {sizeof(int32_t), read_32},
	[PROTOBUF_C_TYPE_UINT32] = {sizeof(uint32_t), read_32},
	[PROTOBUF_C_TYPE_FIXED32] = {sizeof(uint32_t), read_32},
	[PROTOBUF_C_TYPE_INT64] = {sizeof(int64_t), read_64},
	[PROTOBUF_C_TYPE_SINT64] = {sizeof(int64_t), read_64},
	[PROTOBUF_C_TYPE_SFIXED64] = {sizeof(int64_t), read_64},
	[PROTOBUF_C_TYPE_UINT64] = {sizeof(uint64_t), read_64},
	[PROTOBUF_C_TYPE_FIXED64] = {sizeof(uint64_t), read_64},
	[PROTOBUF_C_TYPE_FLOAT] = {sizeof(float), read_float},
	[PROTOBUF_C_TYPE_DOUBLE] = {sizeof(double), read_double},
	[PROTOBUF_C_TYPE_BOOL] = {sizeof(protobuf_c_boolean), read_bool},
	[PROTOBUF_C_TYPE_ENUM] = {sizeof(int), read_enum},
	[PROTOBUF_C_TYPE_STRING] = {sizeof(char *), read_text},
	[PROTOBUF_C_TYPE_BYTES] = {sizeof(ProtobufCBinaryData), read_bytes},
	[PROTOBUF_C_TYPE_MESSAGE] = {sizeof(ProtobufCMessage *), read_inner},
};

static enum outcome read_list(const struct json_node *node, char *base, struct target *target)
{
	if (node->kind != JSON_LIST) {
		return OUTCOME_unreadable;
	}
	if (node->count > target->limit->count_max) {
		return OUTCOME_too_large;
	}
	size_t size = readers[target->field->type].size;
	char *items = arena_zero(target->arena, node->count, size);
	if (items == NULL) {
		return OUTCOME_too_large;
	}
	*(size_t *)(void *)(base + target->field->quantifier_offset) = node->count;
	*(char **)(void *)(base + target->field->offset) = items;
	for (size_t i = 0; i < node->count; i++) {
		target->value = items + i * size;
		enum outcome outcome = readers[target->field->type].read(node->items[i], target);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	return OUTCOME_NONE;
}

static enum outcome read_field(const struct json_node *node, char *base, struct target *target)
{
	if (node->kind == JSON_NOTHING) {
		return OUTCOME_NONE;
	}
	if (target->field->label == PROTOBUF_C_LABEL_REPEATED) {
		return read_list(node, base, target);
	}
	if (field_limits_is_oneof(target->field)) {
		uint32_t *set = (uint32_t *)(void *)(base + target->field->quantifier_offset);
		if (*set != 0) {
			return OUTCOME_unreadable;
		}
		*set = target->field->id;
	}
	target->value = base + target->field->offset;
	return readers[target->field->type].read(node, target);
}

/* "occurred_us" is also "occurredUs": an underscore goes, the letter behind it is a capital. */
static bool is_camel_of(const char *key, const char *name)
{
	for (; *name != '\0'; name++, key++) {
		bool capital = *name == '_';
		name += capital;
		if (*key != (capital && *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name)) {
			return false;
		}
	}
	return *key == '\0';
}

static int find_field(const ProtobufCMessageDescriptor *descriptor, const char *key)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const char *name = descriptor->fields[i].name;
		if (strcmp(key, name) == 0 || is_camel_of(key, name)) {
			return (int)i;
		}
	}
	return -1;
}

static enum outcome read_key(const struct json_node *map, size_t at, const struct limits *limits,
			     struct arena *arena, struct field_path *path, ProtobufCMessage *message,
			     uint32_t *seen)
{
	int index = find_field(limits->descriptor, map->keys[at]);
	if (index < 0) {
		text_show(map->keys[at]);
		field_path_add(path, map->keys[at]);
		return OUTCOME_unreadable;
	}
	struct target target = {.field = &limits->descriptor->fields[index],
				.limit = &limits->fields[index],
				.arena = arena,
				.path = path};
	bool twice = (*seen & UINT32_C(1) << index) != 0;
	*seen |= UINT32_C(1) << index;
	enum outcome outcome = twice ? OUTCOME_unreadable : read_field(map->items[at], (char *)message, &target);
	if (outcome != OUTCOME_NONE) {
		field_path_add(path, target.field->name);
	}
	return outcome;
}

static_assert(LIMITS_FIELDS_MAX <= 32, "a bit a field");

/* Depth: json_parse() bounds it. */
static enum outcome read_message(const struct json_node *node, const struct limits *limits, struct arena *arena,
				 struct field_path *path, ProtobufCMessage **ret_message)
{
	if (node->kind != JSON_MAP) {
		return OUTCOME_unreadable;
	}
	ProtobufCMessage *message = arena_take(arena, limits->descriptor->sizeof_message);
	if (message == NULL) {
		return OUTCOME_too_large;
	}
	protobuf_c_message_init(limits->descriptor, message);
	uint32_t seen = 0;
	for (size_t i = 0; i < node->count; i++) {
		enum outcome outcome = read_key(node, i, limits, arena, path, message, &seen);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	*ret_message = message;
	return OUTCOME_NONE;
}

static enum outcome outcome_of_trouble(const struct json_trouble *trouble, struct arena *arena,
				       struct field_path *path)
{
	static const enum outcome outcomes[] = {
		[JSON_BROKEN] = OUTCOME_unreadable,    [JSON_BAD_TEXT] = OUTCOME_bad_text,
		[JSON_BAD_NUMBER] = OUTCOME_bad_value, [JSON_TOO_DEEP] = OUTCOME_too_large,
		[JSON_TOO_LARGE] = OUTCOME_too_large,
	};
	const char *keys = arena_text(arena, trouble->path, strlen(trouble->path));
	if (keys != NULL && keys[0] != '\0') {
		field_path_add(path, keys);
	}
	return outcomes[trouble->kind];
}

enum outcome protojson_parse(const uint8_t *bytes, size_t size, unsigned depth_max, struct arena *arena,
			     struct field_path *path, struct json_node **ret_root)
{
	struct json_trouble trouble;
	return json_parse(bytes, size, depth_max, arena, ret_root, &trouble)
		       ? OUTCOME_NONE
		       : outcome_of_trouble(&trouble, arena, path);
}

enum outcome protojson_node(const struct json_node *root, const struct limits *limits, struct arena *arena,
			    struct field_path *path, ProtobufCMessage **ret_message)
{
	return read_message(root, limits, arena, path, ret_message);
}

enum outcome protojson_read(const uint8_t *bytes, size_t size, const struct limits *limits, struct arena *arena,
			    struct field_path *path, ProtobufCMessage **ret_message)
{
	struct json_node *root;
	enum outcome outcome = protojson_parse(bytes, size, EVENT_DEPTH_MAX, arena, path, &root);
	return outcome == OUTCOME_NONE ? read_message(root, limits, arena, path, ret_message) : outcome;
}
