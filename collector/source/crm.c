#include "collector/source/crm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"

#define ID_SIZE_MAX 128
#define CONTACT_SIZE_MAX 256
#define CLOSE_US_MAX INT64_C(253402300799999999) /* the end of year 9999 */

enum outcome crm_deal(struct reading *reading, const char *id)
{
	struct event *event = reading->event;
	if (id[0] == '\0') {
		return OUTCOME_bad_value;
	}
	if (strlen(id) > ID_SIZE_MAX) {
		return OUTCOME_too_large; /* cut, it might be another one's */
	}
	event->action = ACTION_OPP_CHANGED;
	event->opportunity.present = true;
	enum outcome outcome = reading_copy(reading, id, ID_SIZE_MAX, &event->opportunity.id);
	event->thread_id = event->opportunity.id;
	return outcome;
}

static bool is_among(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(text, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

enum outcome crm_stage(struct reading *reading, const char *stage)
{
	const struct source_options *options = reading->options;
	struct event *event = reading->event;
	if (stage[0] == '\0') {
		return OUTCOME_NONE;
	}
	event->opportunity.state =
		is_among(stage, options->crm.won_stages, options->crm.won_stages_count)	    ? OPPORTUNITY_WON
		: is_among(stage, options->crm.lost_stages, options->crm.lost_stages_count) ? OPPORTUNITY_LOST
											    : OPPORTUNITY_OPEN;
	return reading_copy(reading, stage, ID_SIZE_MAX, &event->opportunity.stage);
}

static enum outcome add_id(struct reading *reading, const char *id, unsigned *count, const char ***ids)
{
	if (id[0] == '\0') {
		return OUTCOME_NONE;
	}
	if (strlen(id) > CONTACT_SIZE_MAX) {
		return OUTCOME_too_large;
	}
	if (*ids == NULL) {
		*ids = arena_zero(reading->arena, EVENT_CONTACT_IDS_MAX, sizeof(**ids));
	}
	if (*ids == NULL || *count == EVENT_CONTACT_IDS_MAX) {
		return OUTCOME_too_large;
	}
	enum outcome outcome = reading_copy(reading, id, CONTACT_SIZE_MAX, &(*ids)[*count]);
	*count += outcome == OUTCOME_NONE ? 1 : 0;
	return outcome;
}

enum outcome crm_contact(struct reading *reading, const char *id)
{
	struct event *event = reading->event;
	return add_id(reading, id, &event->opportunity.contact_ids_count, &event->opportunity.contact_ids);
}

enum outcome crm_left(struct reading *reading, const char *id)
{
	struct event *event = reading->event;
	return add_id(reading, id, &event->opportunity.left_contact_ids_count,
		      &event->opportunity.left_contact_ids);
}

enum outcome crm_optional(enum outcome outcome)
{
	return outcome == OUTCOME_bad_value ? OUTCOME_NONE : outcome;
}

enum outcome crm_text(struct reading *reading, const struct json_node *node, size_t max, const char **ret)
{
	if (node == NULL) {
		return OUTCOME_NONE;
	}
	if (node->kind != JSON_TEXT && node->kind != JSON_NUMBER) {
		return OUTCOME_bad_value;
	}
	const char *text = reading_flat(node, reading->arena);
	return text != NULL ? reading_copy(reading, text, max, ret) : OUTCOME_too_large;
}

/* A number, or a text that is one. False: it is neither. */
static bool number_of(const struct json_node *node, double *ret)
{
	if (node->kind == JSON_NUMBER) {
		*ret = node->number;
		return true;
	}
	if (node->kind != JSON_TEXT || strspn(node->text, "+-.0123456789eE") != strlen(node->text)) {
		return false;
	}
	char *end;
	*ret = strtod(node->text, &end);
	return end != node->text && *end == '\0' && isfinite(*ret);
}

/* "2026-12-31" is the begin of that day. */
static bool close_of(const struct json_node *node, int64_t *ret_us)
{
	char text[32];
	if (node->kind == JSON_NUMBER) {
		double us = node->number * (double)MOMENT_MS_US;
		*ret_us = us >= 0 && us <= (double)CLOSE_US_MAX ? (int64_t)us : -1;
		return *ret_us >= 0 && *ret_us <= CLOSE_US_MAX;
	}
	if (node->kind != JSON_TEXT) {
		return false;
	}
	if (strlen(node->text) == 10) {
		memcpy(text, node->text, 10);
		memcpy(text + 10, "T00:00:00Z", sizeof("T00:00:00Z"));
		if (moment_read(text, ret_us)) {
			return true;
		}
	}
	return moment_read(node->text, ret_us) || reading_digits(node->text, MOMENT_MS_US, ret_us);
}

static enum outcome set_number(const struct json_node *node, double low, double high, double *ret)
{
	double number;
	if (!number_of(node, &number) || !(number >= low && number <= high)) {
		return OUTCOME_bad_value;
	}
	*ret = number / high;
	return OUTCOME_NONE;
}

enum outcome crm_part(struct reading *reading, enum crm_part part, const struct json_node *node)
{
	struct event *event = reading->event;
	double number;
	int64_t close_us;
	if (node == NULL || (node->kind == JSON_TEXT && node->text[0] == '\0')) {
		return OUTCOME_NONE;
	}
	switch (part) {
	case CRM_AMOUNT:
		if (!number_of(node, &number)) {
			return OUTCOME_bad_value;
		}
		event->opportunity.amount = number;
		return OUTCOME_NONE;
	case CRM_PROBABILITY:
		return set_number(node, 0, 1, &event->opportunity.probability);
	case CRM_PERCENT:
		return set_number(node, 0, 100, &event->opportunity.probability);
	case CRM_CLOSE:
		if (!close_of(node, &close_us)) {
			return OUTCOME_bad_value;
		}
		event->opportunity.close_us = close_us;
		return OUTCOME_NONE;
	case CRM_CURRENCY: /* a name of more letters is none that anybody could compare */
		return node->kind == JSON_TEXT && strlen(node->text) == 3
			       ? reading_copy(reading, node->text, 3, &event->opportunity.currency)
			       : OUTCOME_NONE;
	default:
		return crm_text(reading, node, ID_SIZE_MAX, &event->opportunity.owner);
	}
}

bool crm_is_yes(const struct json_node *node)
{
	static const char *const words[] = {"true", "yes", "1"};
	if (node == NULL) {
		return false;
	}
	return node->kind == JSON_TEXT ? is_among(node->text, words, COUNT_OF(words))
				       : (node->kind == JSON_BOOL && node->flag) ||
						 (node->kind == JSON_NUMBER && node->is_whole && node->whole == 1);
}

bool crm_is_profile(const struct source_options *options, const char *field)
{
	return is_among(field, options->crm.profile_fields, options->crm.profile_fields_count);
}

void crm_profile(struct reading *reading, const char *field, const struct json_node *node, bool has_changed)
{
	struct event *event = reading->event;
	if (!crm_is_profile(reading->options, field)) {
		return;
	}
	enum statement said = crm_is_yes(node) ? STATEMENT_GRANTED
			      : has_changed    ? STATEMENT_DENIED
					       : STATEMENT_UNSAID;
	event->consent.profile = said > event->consent.profile ? said : event->consent.profile;
}

enum outcome crm_custom(struct reading *reading, const char *context, const char *word)
{
	const char *label = arena_print(reading->arena, "%s.%s", context, word);
	reading->event->action = ACTION_CUSTOM;
	return label != NULL ? reading_copy(reading, label, 128, &reading->event->label) : OUTCOME_too_large;
}
