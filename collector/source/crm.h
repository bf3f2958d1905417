/*
 * What the adapters of CRM systems share: deals, and whose they are. Pure.
 *
 * A deal is what sellers say of it: compared with what its contacts do, never evidence. A message says what it says: a deal's
 * event without contacts is a change alone, one with contacts but no state says whose the deal is.
 */
#pragma once
#include "collector/source/reading.h"

/* The event is about a deal that has this id. */
enum outcome crm_deal(struct reading *reading, const char *id);
/* Where the deal stands: a stage of the lists in source_options is won or lost, any other one open. "" says nothing. */
enum outcome crm_stage(struct reading *reading, const char *stage);
/* The deal is, or (left) is no longer, this contact's. "" is nobody. */
enum outcome crm_contact(struct reading *reading, const char *id);
enum outcome crm_left(struct reading *reading, const char *id);

/* What is read of a deal beside its stage. */
enum crm_part { CRM_AMOUNT, CRM_CURRENCY, CRM_PROBABILITY, CRM_PERCENT, CRM_CLOSE, CRM_OWNER };
/* NULL, and what is empty: unsaid. What is there and is none is OUTCOME_bad_value. CRM_CLOSE: a day, RFC 3339, or milliseconds. */
enum outcome crm_part(struct reading *reading, enum crm_part part, const struct json_node *node);

/* Of what is not needed: where it is none, it is left out, and costs nothing. */
enum outcome crm_optional(enum outcome outcome);

/* A text or a number to *ret; NULL: *ret stays. */
enum outcome crm_text(struct reading *reading, const struct json_node *node, size_t max, const char **ret);

/*
 * A contact's own record, by a field that is configured to say so (crm.profile_fields), agrees to a profile; or does so no
 * longer, where it `has_changed`: a box that nobody ever ticked refuses nothing. Of all other fields nothing is made.
 */
void crm_profile(struct reading *reading, const char *field, const struct json_node *node, bool has_changed);
bool crm_is_profile(const struct source_options *options, const char *field);
/* Yes, in the forms that CRM systems have for it. NULL: no. */
bool crm_is_yes(const struct json_node *node);

/* A kind of message that is only passed on, as CUSTOM by the name "CONTEXT.WORD". */
enum outcome crm_custom(struct reading *reading, const char *context, const char *word);
