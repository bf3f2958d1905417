#include "core/flow/field_limits.h"

#include "proto/phased/v1/event.pb-c.h"

/* clang-format off */
#define TEXT(field, max) {.name = #field, .size_max = (max)}
#define FLAGGED_TEXT(field, max, what) {.name = #field, .size_max = (max), .flags = (what)}
#define MASKED_TEXT(field, max) FLAGGED_TEXT(field, max, LIMIT_MASKED)
#define PLAIN(field) {.name = #field}
#define FLAGGED(field, what) {.name = #field, .flags = (what)}
#define NUMBER(field, least, most) {.name = #field, .low = (least), .high = (most)}
#define MOMENT(field) {.name = #field, .flags = LIMIT_MOMENT}
#define MESSAGE(field) {.name = #field, .message = &limits_##field}

static const struct limits limits_identity = {
	&phased__v1__identity__descriptor,
	(const struct limit[]){
		TEXT(anonymous_id, 256),
		TEXT(visitor_id, 256),
		TEXT(recipient_id, 256),
		TEXT(email, 254),
		{.name = "email_actor", .size_min = 16, .size_max = 16},
		TEXT(user_id, 256),
		TEXT(crm_id, 256),
		TEXT(previous_id, 256),
		TEXT(name, 128),
		TEXT(title, 128),
		TEXT(role, 128),
		TEXT(company, 128),
		TEXT(company_domain, 128),
		PLAIN(verified),
	},
};

static const struct limits limits_consent = {
	&phased__v1__consent__descriptor,
	(const struct limit[]){
		PLAIN(analytics),
		PLAIN(profile),
		PLAIN(contact),
		TEXT(policy, 64),
		PLAIN(gpc),
		PLAIN(dnt),
		PLAIN(anonymous),
	},
};

static const struct limits limits_content = {
	&phased__v1__content__descriptor,
	(const struct limit[]){
		MASKED_TEXT(url, 1024),
		MASKED_TEXT(title, 256),
		MASKED_TEXT(content_id, 128),
		MASKED_TEXT(form_id, 128),
		MASKED_TEXT(target_url, 1024),
		MASKED_TEXT(search, 256),
		MASKED_TEXT(topic, 256),
		MASKED_TEXT(language, 16),
		MASKED_TEXT(referrer, 1024),
	},
};

static const struct limits limits_campaign = {
	&phased__v1__campaign__descriptor,
	(const struct limit[]){
		MASKED_TEXT(source, 128),
		MASKED_TEXT(medium, 128),
		MASKED_TEXT(name, 128),
		MASKED_TEXT(term, 128),
		MASKED_TEXT(content, 128),
		TEXT(message_id, 128),	/* a Message-ID has an '@' of its own */
	},
};

static const struct limits limits_machine = {
	&phased__v1__machine__descriptor,
	(const struct limit[]){
		NUMBER(reasons, 0, INT32_MAX),	/* as the tables have it; so is size below */
	},
};

static const struct limits limits_opportunity = {
	&phased__v1__opportunity__descriptor,
	(const struct limit[]){
		MASKED_TEXT(id, 128),
		MASKED_TEXT(stage, 128),
		PLAIN(state),
		NUMBER(probability, 0, 1),
		PLAIN(amount),
		TEXT(currency, 3),
		MOMENT(close_us),
		MASKED_TEXT(owner, 128),
		{.name = "contact_ids", .size_max = 256, .count_max = EVENT_CONTACT_IDS_MAX},
		{.name = "left_contact_ids", .size_max = 256, .count_max = EVENT_CONTACT_IDS_MAX},
	},
};

static const struct limits limits_property = {
	&phased__v1__property__descriptor,
	(const struct limit[]){
		FLAGGED_TEXT(key, 64, LIMIT_REQUIRED | LIMIT_MASKED),
		MASKED_TEXT(text, 256),
		PLAIN(number),
		PLAIN(integer),
		PLAIN(flag),
	},
};

const struct limits limits_event = {
	&phased__v1__event__descriptor,
	(const struct limit[]){
		FLAGGED_TEXT(id, 128, LIMIT_REQUIRED),
		FLAGGED_TEXT(source, 32, LIMIT_REQUIRED | LIMIT_WORD),
		MASKED_TEXT(site, 64),
		FLAGGED(channel, LIMIT_REQUIRED),
		FLAGGED(action, LIMIT_REQUIRED | LIMIT_ACTION),
		MASKED_TEXT(label, 128),
		MOMENT(occurred_us),
		MOMENT(stamped_us),
		MOMENT(received_us),
		PLAIN(party),
		MESSAGE(identity),
		MESSAGE(consent),
		MESSAGE(content),
		MESSAGE(campaign),
		MESSAGE(machine),
		TEXT(session_id, 128),
		TEXT(thread_id, 128),
		MASKED_TEXT(process, 32),
		MESSAGE(opportunity),
		PLAIN(value),
		PLAIN(rating),
		PLAIN(engaged_ms),
		NUMBER(scroll_percent, 0, 100),
		{.name = "properties", .count_max = EVENT_PROPERTIES_MAX, .message = &limits_property},
	},
};

const struct limits limits_rejected = {
	&phased__v1__rejected__descriptor,
	(const struct limit[]){
		FLAGGED_TEXT(reason, 32, LIMIT_REQUIRED | LIMIT_WORD),
		MASKED_TEXT(field, 95),
		FLAGGED_TEXT(source, 32, LIMIT_WORD),
		NUMBER(size, 0, INT32_MAX),
		PLAIN(hash),
		MOMENT(received_us),
		NUMBER(count, 0, INT32_MAX),
		MASKED_TEXT(site, 64),
		PLAIN(channel),
		NUMBER(denied, 0, INT32_MAX),
	},
};
/* clang-format on */
